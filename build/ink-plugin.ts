import type { BunPlugin } from "bun";

/** Ink's connection to React's developer tools, which it asks for with DEV=true only: the package would have to be installed to be bundled. */
export function inkPlugin(): BunPlugin {
  return {
    name: "ink",
    setup(build) {
      build.onResolve({ filter: /^react-devtools-core$/ }, () => ({ path: "react-devtools-core", namespace: "ink" }));
      build.onLoad({ filter: /.*/, namespace: "ink" }, () => ({
        contents: "export default { initialize() {}, connectToDevTools() {} };",
        loader: "js",
      }));
    },
  };
}
