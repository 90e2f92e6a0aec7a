import { dirname } from "node:path";
import type { PyodideAPI } from "pyodide";
import { pythonFiles } from "#sandbox/python/files.ts";
import guardSource from "#sandbox/python/guard.py" with { type: "text" };
import type { Walls } from "#sandbox/python/walls.ts";

interface BootOptions {
  walls: Walls;
  /** The memory of an interpreter that has started. Without it the start takes seconds. */
  snapshot?: Uint8Array;
  isForSnapshot?: boolean;
}

type Receive = (instance: WebAssembly.Instance, module: WebAssembly.Module) => void;

interface EmscriptenSettings {
  instantiateWasm(imports: WebAssembly.Imports, receive: Receive): unknown;
}

/** No packages: Python's own library is all there is. The loader wants to see for which build the list is. */
const lockFileContents = {
  info: { abi_version: "2026_0", arch: "wasm32", platform: "emscripten_5_0_3", version: "314.0.7", python: "3.14.2" },
  packages: {},
};

/** Starts CPython without network, host objects and output. */
export async function bootPython({ walls, snapshot, isForSnapshot = false }: BootOptions): Promise<PyodideAPI> {
  const [{ loadPyodide }, { default: createModule }] = await Promise.all([
    import("pyodide"),
    import("pyodide/pyodide.asm.mjs") as Promise<{ default: (settings: EmscriptenSettings) => Promise<unknown> }>,
  ]);
  const options = {
    indexURL: dirname(pythonFiles.wasmPath),
    stdLibURL: pythonFiles.standardLibraryPath,
    lockFileContents,
    jsglobals: {},
    // Sets keep their order from one start to the next, as a workflow that is run again expects.
    env: { HOME: "/home", PYTHONHASHSEED: "0" },
    stdin: () => null,
    stdout: () => undefined,
    stderr: () => undefined,
    createPyodideModule: (settings: EmscriptenSettings) =>
      createModule({
        ...settings,
        instantiateWasm: (imports, receive) =>
          settings.instantiateWasm(walls.around(imports), (instance, module) => {
            walls.memory = instance.exports["memory"] as WebAssembly.Memory;
            receive(instance, module);
          }),
      }),
    ...(snapshot ? { _loadSnapshot: snapshot } : {}),
    ...(isForSnapshot ? { _makeSnapshot: true } : {}),
  };
  const python = await loadPyodide(options as unknown as Parameters<typeof loadPyodide>[0]);
  if (!snapshot) python.runPython(installGuard());
  return python;
}

/** Runs once, so that a snapshot has what the first call would load. */
function installGuard(): string {
  const call = {
    source: "def f(x):\n return x",
    functionName: "f",
    locals: null,
    input: "1.0",
    permissions: "sandbox",
  };
  return `
import sys, types
module = types.ModuleType("__guard__")
sys.modules["__guard__"] = module
exec(compile(${JSON.stringify(guardSource)}, "<guard>", "exec"), module.__dict__)
module.run(${JSON.stringify(JSON.stringify({ ...call, maxResultBytes: 100 }))})
del module, sys, types
`;
}
