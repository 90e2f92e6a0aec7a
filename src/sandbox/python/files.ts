import wasmPath from "pyodide/pyodide.asm.wasm" with { type: "file" };
import standardLibraryPath from "pyodide/python_stdlib.zip" with { type: "file" };

/** Python's files. In the executable they lie inside it, under their own names. */
export const pythonFiles = { wasmPath, standardLibraryPath };
