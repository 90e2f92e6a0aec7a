import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { parseArgs } from "node:util";
import packageJson from "../package.json" with { type: "json" };
import { writeArchive } from "./archive.ts";
import { commit, compile } from "./compile.ts";
import { makeCudaFolder } from "./cuda-folder.ts";
import { homebrewFormula } from "./homebrew/formula.ts";
import { root } from "./paths.ts";
import { sbom } from "./sbom.ts";
import { type Flavour, type TargetName, flavours, flavoursOf, targets } from "./targets.ts";

const usage = `bun run release [--target linux-x64,darwin-arm64] [--flavour light,default,cuda] [--out dist/release] [--pack-level 19]

Builds the executable of every target in every flavour, with SHA256SUMS, a bill of materials for each, and the Homebrew formula.`;

/** Of a released pack: a tenth smaller than the level of a build for oneself, and minutes slower. */
const releasePackLevel = 19;

interface Asked {
  targets: TargetName[];
  flavours: Flavour[];
  folder: string;
  packLevel: number;
}

export interface Released {
  target: TargetName;
  flavour: Flavour;
  fileName: string;
  sha256: string;
  bytes: number;
}

async function main(args: string[]): Promise<void> {
  const asked = read(args);
  if (asked === null) return console.log(usage);
  await mkdir(asked.folder, { recursive: true });
  const released: Released[] = [];
  for (const target of asked.targets) {
    for (const flavour of flavoursOf(target).filter((each) => asked.flavours.includes(each))) {
      const from = performance.now();
      const file = await releaseOne(target, flavour, asked);
      released.push(file);
      const seconds = ((performance.now() - from) / 1000).toFixed(1);
      console.log(`${file.fileName}: ${Math.round(file.bytes / 1e6)} MB in ${seconds} s`);
    }
  }
  const sums = released.map(({ sha256, fileName }) => `${sha256}  ${fileName}\n`);
  await writeFile(join(asked.folder, "SHA256SUMS"), sums.toSorted().join(""));
  const formula = homebrewFormula(packageJson.version, released);
  if (formula !== null) await writeFile(join(root, "build", "homebrew", "abstractgateway.rb"), formula);
  console.log(`Checksums in ${relative(process.cwd(), join(asked.folder, "SHA256SUMS"))}`);
  if (formula === null)
    console.log("No Homebrew formula: it needs the default flavour of darwin and linux, arm64 and x64.");
}

function read(args: string[]): Asked | null {
  const { values } = parseArgs({
    args,
    options: {
      target: { type: "string", default: Object.keys(targets).join(",") },
      flavour: { type: "string", default: flavours.join(",") },
      out: { type: "string", default: join(root, "dist", "release") },
      "pack-level": { type: "string", default: String(releasePackLevel) },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  return {
    targets: oneOf("target", values.target, Object.keys(targets) as TargetName[]),
    flavours: oneOf("flavour", values.flavour, [...flavours]),
    folder: values.out,
    packLevel: Number(values["pack-level"]),
  };
}

function oneOf<T extends string>(name: string, given: string, known: T[]): T[] {
  const named = given.split(",").map((each) => each.trim());
  const wrong = named.find((each) => !known.includes(each as T));
  if (wrong !== undefined) throw new Error(`--${name}: '${wrong}' is not one of ${known.join(", ")}`);
  return known.filter((each) => named.includes(each));
}

/** Names are those that people download: `abstractgateway-0.1.0-linux-x64`, `…-light`, `…-cuda.tar.gz`, `….exe`. */
export function releaseName(target: TargetName, flavour: Flavour): string {
  const system = target === "windows-x64" && flavour !== "cuda" ? ".exe" : "";
  const ending = flavour === "default" ? "" : `-${flavour}`;
  return `abstractgateway-${packageJson.version}-${target}${ending}${flavour === "cuda" ? ".tar.gz" : system}`;
}

async function releaseOne(target: TargetName, flavour: Flavour, { folder, packLevel }: Asked): Promise<Released> {
  const fileName = releaseName(target, flavour);
  const path = join(folder, fileName);
  const work = join(folder, `.work-${process.pid}`);
  try {
    // The name of the executable is inside it: always the same, so that the bytes are.
    const built = join(work, target === "windows-x64" ? "abstractgateway.exe" : "abstractgateway");
    await mkdir(work, { recursive: true });
    await compile({ outfile: built, target, flavour, packLevel });
    if (flavour === "cuda") await archiveWithCuda(target, built, path);
    else await rename(built, path);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const sha256 = await sha256Of(path);
  const bill = sbom({ target, flavour, commit: commit(), sha256, fileName });
  await writeFile(`${path}.cdx.json`, bill);
  return { target, flavour, fileName, sha256, bytes: (await stat(path)).size };
}

async function archiveWithCuda(target: TargetName, built: string, path: string): Promise<void> {
  const cuda = `${built}-cuda-folder`;
  await makeCudaFolder(target, cuda);
  await writeArchive(path, [
    { name: basename(built), path: built },
    { name: "abstractgateway-cuda", path: cuda },
  ]);
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  return hash.digest("hex");
}

if (import.meta.main) await main(process.argv.slice(2));
