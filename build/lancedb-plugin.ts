import type { BunPlugin } from "bun";
import { nativeSlot } from "#memory/lancedb.ts";

/** What the library loads when somebody asks for an embedding function of these; the gateway brings its own models. */
const optionalPackages = /^(openai|@huggingface\/transformers|onnxruntime-node)$/;

/**
 * LanceDB looks for its native file beside itself and in a package per platform. Left alone, Bun would embed that file uncompressed and
 * unpack it into the temporary folder at every start; here `memory/lancedb.ts` has loaded it from the pack before the import.
 */
export function lancedbPlugin(): BunPlugin {
  return {
    name: "lancedb",
    setup(build) {
      build.onResolve({ filter: optionalPackages }, ({ importer, path }) =>
        isOfLibrary(importer) ? { path, namespace: "lancedb-optional" } : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: "lancedb-optional" }, ({ path }) => ({
        contents: `throw new Error(${JSON.stringify(`${path} is not part of the executable`)});`,
        loader: "js",
      }));
      build.onLoad({ filter: /@lancedb[\\/]lancedb[\\/]dist[\\/]native\.js$/ }, async ({ path }) => ({
        contents: patchedLoader(await Bun.file(path).text()),
        loader: "js",
      }));
    },
  };
}

function isOfLibrary(importer: string): boolean {
  return importer.replaceAll("\\", "/").includes("/@lancedb/lancedb/");
}

/**
 * `dist/native.js` with its search for the native file replaced by what was loaded. Throws when the file is no longer a search that ends
 * in `nativeBinding`, followed by nothing but its exports: then somebody must look at what it does now.
 */
export function patchedLoader(text: string): string {
  const start = "\nmodule.exports = nativeBinding;\n";
  const [search = "", exports, ...more] = text.split(start);
  if (!search.includes("\nnativeBinding = requireNative();\n") || exports === undefined || more.length > 0)
    throw new Error("@lancedb/lancedb has changed: dist/native.js no longer ends its search in 'nativeBinding'");
  const other = exports.split("\n").find((line) => !/^(module\.exports\.(\w+) = nativeBinding\.\2;)?$/.test(line));
  if (other !== undefined)
    throw new Error(`@lancedb/lancedb has changed: dist/native.js holds '${other}' after its search`);
  const slot = `globalThis[Symbol.for(${JSON.stringify(nativeSlot)})]`;
  return `"use strict";
const nativeBinding = ${slot};
if (!nativeBinding) throw new Error("LanceDB is imported before its native file is loaded: use memory/lancedb.ts");${start}${exports}`;
}
