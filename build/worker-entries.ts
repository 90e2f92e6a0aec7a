import type { BunPlugin } from "bun";
import { dirname, join, relative, resolve } from "node:path";
import { root } from "./paths.ts";

/** Files that run as workers: entry points of their own in the executable. */
export const workerEntries = ["src/ledger/sqlite/writer.ts"];

/**
 * In the executable every module's `import.meta.url` is that of the one big file, while worker entry points keep their place below `src/`.
 * So `new URL("./writer.ts", import.meta.url)` is rewritten to where the entry point lies. The build fails when a worker is never named.
 */
export function workerUrls(): BunPlugin & { unseen: Set<string> } {
  const source = join(root, "src");
  const unseen = new Set(workerEntries.map((entry) => resolve(root, entry)));
  const known = new Set(unseen);
  return {
    name: "worker-urls",
    unseen,
    setup(build) {
      build.onLoad({ filter: /[\\/]src[\\/](?!console[\\/]).*\.ts$/ }, async ({ path }) => {
        const text = await Bun.file(path).text();
        const contents = text.replace(/new URL\("(\.[^"]+\.ts)", import\.meta\.url\)/g, (match, specifier: string) => {
          const target = resolve(dirname(path), specifier);
          if (!known.has(target)) return match;
          unseen.delete(target);
          return `new URL("./${relative(source, target).replaceAll("\\", "/").replace(/\.ts$/, ".js")}", import.meta.url)`;
        });
        return { contents, loader: "ts" };
      });
    },
  };
}
