import { mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { licencesPlugin } from "./licences-plugin.ts";
import { inkPlugin } from "./ink-plugin.ts";
import { pinoPlugin } from "./pino-plugin.ts";
import { nativePlugins } from "./native-plugins.ts";
import { consolePlugin } from "./console-assets.ts";
import { pythonSnapshotPlugin } from "./python-snapshot.ts";
import { executable, root } from "./paths.ts";
import { type Flavour, type TargetName, hostTarget, targets } from "./targets.ts";
import { workerEntries, workerUrls } from "./worker-entries.ts";

export interface CompileOptions {
  outfile: string;
  /** This machine's by default. */
  target?: TargetName;
  flavour?: Flavour;
  /** Of Zstandard, for native files. */
  packLevel?: number;
}

/** Builds the one executable. The same sources, commit and Bun give the same bytes. */
export async function compile({
  outfile,
  target = hostTarget(),
  flavour = "default",
  packLevel,
}: CompileOptions): Promise<void> {
  const workers = workerUrls();
  // Built beside and moved in place, so that a running gateway or a test never sees half a file. The name is inside the file: keep it.
  const workFolder = join(dirname(outfile), `.build-${process.pid}`);
  const built = join(workFolder, basename(outfile));
  await mkdir(workFolder, { recursive: true });
  try {
    const result = await Bun.build({
      entrypoints: ["src/cli/main.ts", ...workerEntries].map((entry) => join(root, entry)),
      target: "bun",
      format: "esm",
      minify: { whitespace: true, syntax: true, identifiers: false },
      bytecode: true,
      // What one command or request needs is loaded with it: a quarter less to start with.
      splitting: true,
      // Pyodide looks for its file by its name.
      naming: { asset: "[name].[ext]" },
      define: { BUILD_COMMIT: JSON.stringify(commit()), "process.env.NODE_ENV": '"production"' },
      plugins: [
        ...(await nativePlugins(target, flavour, packLevel)),
        await pythonSnapshotPlugin(),
        await consolePlugin(),
        await licencesPlugin(target, flavour),
        inkPlugin(),
        pinoPlugin(),
        workers,
      ],
      compile: { target: targets[target].compile, outfile: built, autoloadDotenv: false, autoloadBunfig: false },
    });
    if (!result.success) throw new AggregateError(result.logs, "the bundle could not be built");
    if (workers.unseen.size > 0) throw new Error(`no source names the worker ${[...workers.unseen].join(", ")}`);
    await rename(built, outfile);
  } finally {
    await rm(workFolder, { recursive: true, force: true });
  }
}

/** The commit that is built, `-dirty` with changes on top; `BUILD_COMMIT` names it where there is no checkout. */
export function commit(): string {
  const named = process.env["BUILD_COMMIT"];
  if (named) return named;
  const git = (...args: string[]) => Bun.spawnSync(["git", ...args], { cwd: root, stdout: "pipe", stderr: "ignore" });
  try {
    const head = git("rev-parse", "HEAD");
    if (head.exitCode !== 0) return "unknown";
    const isDirty = git("status", "--porcelain", "--", "src", "build", "package.json", "bun.lock").stdout.length > 0;
    return head.stdout.toString().trim() + (isDirty ? "-dirty" : "");
  } catch {
    // No git on this machine.
    return "unknown";
  }
}

async function main(): Promise<void> {
  const from = performance.now();
  await compile({ outfile: executable });
  const { size } = await stat(executable);
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  console.log(`Built ${relative(process.cwd(), executable)}: ${Math.round(size / 1e6)} MB in ${seconds} s`);
}

if (import.meta.main) await main();
