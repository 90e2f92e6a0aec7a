import type { BunPlugin } from "bun";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { root } from "./paths.ts";
import { compressPack } from "./native-packs.ts";

/** What the memory of a started interpreter depends on. */
const sources = [
  ...["pyodide.asm.wasm", "pyodide.asm.mjs", "pyodide.mjs", "python_stdlib.zip"].map(
    (name) => `node_modules/pyodide/${name}`,
  ),
  ...["guard.py", "boot.ts", "walls.ts"].map((name) => `src/sandbox/python/${name}`),
  "build/python-snapshot.ts",
  "build/make-python-snapshot.ts",
];

/** Path of the compressed memory of a Python interpreter that has just started, made when it is not in the cache. */
export async function pythonSnapshot(): Promise<string> {
  const hash = createHash("sha256");
  for (const source of sources) hash.update(await readFile(join(root, source)));
  const path = join(root, ".cache", "packs", `python-${hash.digest("hex").slice(0, 16)}.snapshot`);
  if (existsSync(path)) return path;
  await mkdir(dirname(path), { recursive: true });
  const raw = `${path}.${process.pid}.raw`;
  // A process of its own: clocks and chance stand still in it.
  const child = Bun.spawnSync([process.execPath, join(root, "build/make-python-snapshot.ts"), raw], {
    cwd: root,
    stderr: "pipe",
  });
  if (child.exitCode !== 0) throw new Error(`Python's snapshot could not be made: ${child.stderr.toString()}`);
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, compressPack(await readFile(raw)));
  await rm(raw);
  await rename(unfinished, path);
  return path;
}

/** Gives the executable its snapshot. Must come before plugins that load sources. */
export async function pythonSnapshotPlugin(): Promise<BunPlugin> {
  const path = await pythonSnapshot();
  return {
    name: "python-snapshot",
    setup(build) {
      build.onLoad({ filter: /[\\/]src[\\/]sandbox[\\/]python[\\/]snapshot\.ts$/ }, () => ({
        contents: `import path from ${JSON.stringify(path)} with { type: "file" };\nexport const pythonSnapshotPath = path;\n`,
        loader: "js",
      }));
      // Its own folder is nothing to it here, and would put the builder's path into the executable.
      build.onLoad({ filter: /[\\/]pyodide[\\/]pyodide(\.asm)?\.mjs$/ }, async ({ path: file }) => ({
        contents: (await readFile(file, "utf8")).replace(/\b__dirname\b/g, '"/"'),
        loader: "js",
      }));
    },
  };
}
