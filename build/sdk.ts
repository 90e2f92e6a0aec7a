import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "./compile.ts";
import { operationTable, operationTypes } from "./sdk-types.ts";
import { executable, isStale, root } from "./paths.ts";

/*
 * The npm package of the typed client, in `dist/sdk`: one ES module for Node, Bun and browsers, its types, and the types of every operation
 * as the built executable describes them. `npm publish dist/sdk` publishes it.
 */

const typescript = join(root, "node_modules/.bin/tsc");

/** Into an empty folder of its own; the executable has to be built. */
export async function buildSdk(out: string): Promise<void> {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const built = await Bun.build({
    entrypoints: [join(root, "src/sdk/package.ts")],
    outdir: out,
    naming: "index.js",
    target: "browser",
    format: "esm",
  });
  if (!built.success) throw new AggregateError(built.logs, "the package could not be built");
  const document = await describedByExecutable();
  await writeFile(join(out, "operations.js"), operationTable(document));
  await writeFile(join(out, "operations.d.ts"), operationTypes(document));
  await writeTypes(out);
  const version = (document["info"] as { version: string }).version;
  await writeFile(join(out, "package.json"), `${JSON.stringify(manifest(version), null, 2)}\n`);
  await cp(join(root, "LICENSE"), join(out, "LICENSE"));
}

function manifest(version: string): object {
  return {
    name: "abstractgateway-client",
    version,
    description: "Typed client of AbstractGateway: runs, ledgers, live streams, answers, uploads",
    license: "MIT",
    type: "module",
    exports: {
      ".": { types: "./types/sdk/package.d.ts", default: "./index.js" },
      "./operations": { types: "./operations.d.ts", default: "./operations.js" },
    },
    // The sources name each other so; TypeScript follows them to the types.
    imports: { "#*.ts": { types: "./types/*.d.ts" } },
    dependencies: { "@sinclair/typebox": dependency("@sinclair/typebox") },
    engines: { node: ">=20.3" },
    sideEffects: false,
  };
}

function dependency(name: string): string {
  const { version } = require(join(root, "node_modules", name, "package.json")) as { version: string };
  return version;
}

/** The API document of the executable, which has to be built. */
async function describedByExecutable(): Promise<Record<string, unknown>> {
  const dataDir = await mkdtemp(join(tmpdir(), "sdk-build-"));
  const gateway = Bun.spawn([executable, "serve", "--port", "0", "--data-dir", dataDir], {
    env: { PATH: process.env["PATH"] ?? "", HOME: dataDir, ABSTRACTGATEWAY_AUTH_TOKEN: "t".repeat(32) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    let said = "";
    for await (const chunk of gateway.stdout) {
      said += new TextDecoder().decode(chunk);
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
      if (url) return (await (await fetch(`${url}/openapi.json`)).json()) as Record<string, unknown>;
    }
    throw new Error(`the gateway did not start: ${said}`);
  } finally {
    gateway.kill();
    await gateway.exited;
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function writeTypes(out: string): Promise<void> {
  const config = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      outDir: join(out, "types"),
      rootDir: join(root, "src"),
      typeRoots: [join(root, "node_modules/@types")],
    },
    files: [join(root, "src/sdk/package.ts")],
    include: [],
  };
  const path = join(out, "tsconfig.json");
  await writeFile(path, JSON.stringify(config));
  const compiler = Bun.spawn([typescript, "-p", path], { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if ((await compiler.exited) !== 0) throw new Error("the types could not be written");
  await rm(path);
}

if (import.meta.main) {
  if (isStale()) await compile({ outfile: executable });
  await buildSdk(join(root, "dist/sdk"));
  console.log("Built dist/sdk");
}
