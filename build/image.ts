import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compile } from "./compile.ts";
import { assembleContainerRoot } from "./container-root.ts";
import { makeCudaFolder } from "./cuda-folder.ts";
import { flavoursOf, hostTarget } from "./targets.ts";

/** Lays out the root folder of the image for this machine's processor: `bun build/image.ts <folder> [--flavour light|default|cuda]`. */
async function main(args: string[]): Promise<void> {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: { flavour: { type: "string", default: "default" }, "pack-level": { type: "string", default: "19" } },
  });
  const [folder] = positionals;
  if (folder === undefined) throw new Error("say which folder becomes the root");
  const target = hostTarget();
  const flavour = flavoursOf(target).find((each) => each === values.flavour);
  if (flavour === undefined)
    throw new Error(`there is no ${values.flavour} for ${target}: ${flavoursOf(target).join(", ")}`);
  const work = await mkdtemp(join(tmpdir(), "gateway-image-"));
  try {
    const built = join(work, "abstractgateway");
    await compile({ outfile: built, target, flavour, packLevel: Number(values["pack-level"]) });
    await mkdir(folder, { recursive: true });
    await assembleContainerRoot(folder, built);
    if (flavour === "cuda") await makeCudaFolder(target, join(folder, "usr/local/lib/abstractgateway-cuda"));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

await main(process.argv.slice(2));
