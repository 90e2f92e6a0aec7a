import type { BunPlugin } from "bun";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { root } from "./paths.ts";

// The web console as files inside the executable: bundled and split, named by their contents, compressed here and not at a request.

/** What the browser loads at once; the rest comes when a view needs it. */
interface Manifest {
  script: string;
  theme: string;
  style: string;
  /** Letters that the first view is written in. */
  fonts: string[];
  /** Scripts that the first one imports at once. */
  imported: string[];
}

export interface ConsoleAssets {
  folder: string;
  manifest: Manifest;
  /** Names of the compressed files. */
  files: string[];
}

/** What goes into it. */
const sources = ["src/{console,sdk,core}/**/*", "build/console-assets.ts", "bun.lock", "tsconfig.json"];

/** Builds the console when it is not in the cache. */
export async function consoleAssets(): Promise<ConsoleAssets> {
  const hash = createHash("sha256");
  const files = sources.flatMap((pattern) => [...new Bun.Glob(pattern).scanSync({ cwd: root, onlyFiles: true })]);
  if (files.length < 10) throw new Error("the sources of the console were not found");
  for (const file of files.sort()) hash.update(file).update(await readFile(join(root, file)));
  const folder = join(root, ".cache", "console", hash.digest("hex").slice(0, 16));
  if (!existsSync(folder)) await build(folder);
  const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as Manifest;
  const compressed = (await readdir(folder)).filter((name) => name.endsWith(".gz")).sort();
  return { folder, manifest, files: compressed };
}

async function build(folder: string): Promise<void> {
  const unfinished = `${folder}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  try {
    const contents = new Map([
      ...(await bundle(["main.tsx", "styles/console.css"], { format: "esm", splitting: true })),
      // Runs before the page is painted, so it is a plain script that waits for no other.
      ...(await bundle(["theme-before-paint.ts"], { format: "iife" })),
    ]);
    await addFonts(contents);
    for (const [name, bytes] of contents)
      await writeFile(join(unfinished, `${name}.gz`), gzipSync(bytes, { level: 9 }));
    await writeFile(join(unfinished, "manifest.json"), JSON.stringify(manifestOf(contents)));
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function bundle(
  entries: string[],
  options: { format: "esm" | "iife"; splitting?: boolean },
): Promise<Map<string, Uint8Array>> {
  const result = await Bun.build({
    ...options,
    entrypoints: entries.map((entry) => join(root, "src/console", entry)),
    target: "browser",
    minify: true,
    naming: { entry: "[name]-[hash].[ext]", chunk: "part-[hash].[ext]" },
    define: { "process.env.NODE_ENV": '"production"' },
    // Bun would write letters into the style sheet, which every page waits for.
    external: ["*.woff2"],
  });
  if (!result.success) throw new AggregateError(result.logs, "the console could not be built");
  const contents = new Map<string, Uint8Array>();
  for (const output of result.outputs) contents.set(basename(output.path), new Uint8Array(await output.arrayBuffer()));
  return contents;
}

/** What the style sheet calls the letters, and where they are. */
const fonts: Record<string, string> = {
  "geist.woff2": "@fontsource-variable/geist/files/geist-latin-wght-normal.woff2",
  "geist-mono.woff2": "@fontsource-variable/geist-mono/files/geist-mono-latin-wght-normal.woff2",
};

/** Puts the letters beside the style sheet and their names into it, under a name of its own. */
async function addFonts(contents: Map<string, Uint8Array>): Promise<void> {
  const styleName = nameOf(contents, "console-", ".css");
  let style = new TextDecoder().decode(contents.get(styleName));
  for (const [name, path] of Object.entries(fonts)) {
    const bytes = new Uint8Array(await readFile(join(root, "node_modules", path)));
    const hashed = name.replace(".", `-${Bun.hash(bytes).toString(36)}.`);
    if (!style.includes(name)) throw new Error(`the style sheet does not name ${name}`);
    style = style.replaceAll(name, hashed);
    contents.set(hashed, bytes);
  }
  contents.delete(styleName);
  contents.set(`console-${Bun.hash(style).toString(36)}.css`, new TextEncoder().encode(style));
}

function nameOf(contents: Map<string, Uint8Array>, start: string, end: string): string {
  const name = [...contents.keys()].find((each) => each.startsWith(start) && each.endsWith(end));
  if (!name) throw new Error(`the console has no file ${start}…${end}`);
  return name;
}

function manifestOf(contents: Map<string, Uint8Array>): Manifest {
  const script = nameOf(contents, "main-", ".js");
  return {
    script,
    theme: nameOf(contents, "theme-before-paint-", ".js"),
    style: nameOf(contents, "console-", ".css"),
    fonts: [nameOf(contents, "geist-", ".woff2")],
    imported: importedBy(script, contents),
  };
}

/** Every script that loads with one, however far down. */
function importedBy(script: string, contents: Map<string, Uint8Array>): string[] {
  const seen = new Set<string>([script]);
  for (const name of seen) {
    const text = new TextDecoder().decode(contents.get(name));
    for (const match of text.matchAll(/(?:\bfrom|\bimport)\s*"\.\/([^"]+\.js)"/g)) if (match[1]) seen.add(match[1]);
  }
  seen.delete(script);
  return [...seen].sort();
}

/** Gives the executable its console. Must come before plugins that load sources. */
export async function consolePlugin(): Promise<BunPlugin> {
  const { folder, manifest, files } = await consoleAssets();
  const imports = files.map(
    (name, index) => `import f${index} from ${JSON.stringify(join(folder, name))} with { type: "file" };`,
  );
  const entries = files.map((name, index) => `${JSON.stringify(name.slice(0, -".gz".length))}: f${index}`);
  return {
    name: "console",
    setup(build) {
      build.onLoad({ filter: /[\\/]src[\\/]app[\\/]console-files\.ts$/ }, () => ({
        contents: [
          ...imports,
          `export const consoleFiles = { manifest: ${JSON.stringify(manifest)}, paths: { ${entries.join(", ")} } };`,
        ].join("\n"),
        loader: "js",
      }));
    },
  };
}
