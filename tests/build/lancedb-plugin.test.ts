import { expect, test } from "bun:test";
import { resolve } from "node:path";
import { nativeSlot } from "#memory/lancedb.ts";
import { patchedLoader } from "../../build/lancedb-plugin.ts";

const file = resolve(import.meta.dirname, "../../node_modules/@lancedb/lancedb/dist/native.js");
const loader = await Bun.file(file).text();

/** What the patched file exports when the native part is this. */
function evaluate(text: string, native: unknown): unknown {
  const slots = globalThis as unknown as Record<symbol, unknown>;
  const module = { exports: {} };
  slots[Symbol.for(nativeSlot)] = native;
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- the text is the library's own file, as the bundler would run it
    new Function("module", text)(module);
  } finally {
    delete slots[Symbol.for(nativeSlot)];
  }
  return module.exports;
}

test("the library's loader takes what was loaded before, and looks for no file", () => {
  const text = patchedLoader(loader);
  expect(text).not.toMatch(/require\(|\.node\b|process\.env/);
  const native = { Connection: () => "connected" };
  expect(evaluate(text, native)).toMatchObject(native);
});

test("the library's loader says so when nothing was loaded before", () => {
  expect(() => evaluate(patchedLoader(loader), undefined)).toThrow("before its native file is loaded");
});

test.each([
  ["searches in another way", (text: string) => text.replace("nativeBinding = requireNative();", "")],
  ["exports something else", (text: string) => text.replace("module.exports = nativeBinding;", "module.exports = {};")],
  ["exports twice", (text: string) => `${text}\nmodule.exports = nativeBinding;\n`],
  ["does something after its search", (text: string) => `${text}\nnativeBinding.start();\n`],
  [
    "renames an export",
    (text: string) => text.replace("exports.Query = nativeBinding.Query", "exports.Q = nativeBinding.Query"),
  ],
])("the build fails when the library's loader %s", (_, change) => {
  const changed = change(loader);
  expect(changed).not.toBe(loader);
  expect(() => patchedLoader(changed)).toThrow("@lancedb/lancedb has changed");
});
