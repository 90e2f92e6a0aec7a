import { readFile } from "node:fs/promises";
import type { BunPlugin } from "bun";

/**
 * The logger of the mail library names the folder that it lies in, for worker threads that nobody starts here. The folder of whoever builds
 * has no place in the executable: the same sources have to give the same bytes everywhere.
 */
export function pinoPlugin(): BunPlugin {
  return {
    name: "pino",
    setup(build) {
      build.onLoad(
        { filter: /node_modules[\\/](?:pino[\\/]lib[\\/]transport|thread-stream[\\/]index)\.js$/ },
        async ({ path }) => {
          const source = await readFile(path, "utf8");
          if (!source.includes("__dirname"))
            throw new Error(`${path} names no folder any more: this plugin has nothing to do`);
          return { contents: source.replaceAll("__dirname", '"."'), loader: "js" };
        },
      );
    },
  };
}
