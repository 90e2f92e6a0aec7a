import * as zlib from "node:zlib";
import { bootPython } from "#sandbox/python/boot.ts";
import { Walls } from "#sandbox/python/walls.ts";
import type { CodeResult, Interpreter, WorkerCall } from "#sandbox/protocol.ts";

interface Guard {
  run(request: string): string;
  seal(): void;
}

/** Beyond this much memory a new process is cheaper than cleaning this one. */
const maxKeptBytes = 128 * 1024 * 1024;

/** CPython whose memory is put back to where it was after each call, so that no call finds anything of another. */
export async function openPython(snapshotPath: string | null): Promise<Interpreter> {
  const walls = new Walls();
  const snapshot = snapshotPath === null ? undefined : await readSnapshot(snapshotPath);
  const python = await bootPython({ walls, ...(snapshot ? { snapshot } : {}) });
  const guard = python.runPython('import sys; sys.modules["__guard__"]') as Guard;
  const { run } = guard;
  guard.seal();
  const module = (python as unknown as { _module: { HEAPU8: Uint8Array } })._module;
  const start = module.HEAPU8.slice();
  walls.state = "closed";
  let isSpent = false;
  return {
    run(call) {
      isSpent ||= call.permissions === "full_access";
      walls.state = call.permissions === "full_access" ? "free" : "closed";
      walls.hasRefusedMemory = false;
      walls.maxMemoryBytes = start.length + call.memoryBytes;
      try {
        const { memoryBytes: _memory, timeoutMs: _time, ...request } = call;
        return readAnswer(run(JSON.stringify(request)), call);
      } catch (error) {
        isSpent = true;
        return {
          error: walls.hasRefusedMemory ? "MemoryError: the code needs more memory than it may use" : brokenText(error),
        };
      }
    },
    reset() {
      if (isSpent || module.HEAPU8.length > maxKeptBytes) return false;
      module.HEAPU8.set(start);
      module.HEAPU8.fill(0, start.length);
      return true;
    },
  };
}

/** `V` and the value's JSON text, or `E` and a sentence as JSON text: both are ASCII. */
function readAnswer(answer: unknown, call: WorkerCall): CodeResult {
  if (typeof answer !== "string") return { error: "The code broke the interpreter" };
  if (answer.length > call.maxResultBytes + 1) return { error: "The result is too large" };
  return answer.startsWith("V") ? { value: answer.slice(1) } : { error: String(JSON.parse(answer.slice(1))) };
}

function brokenText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (/call stack|stack overflow|recursion/i.test(text))
    return "RecursionError: the code needs more stack than there is";
  return `The code broke the interpreter: ${text.split("\n")[0]?.slice(0, 300)}`;
}

async function readSnapshot(path: string): Promise<Uint8Array> {
  const packed = new Uint8Array(await Bun.file(path).arrayBuffer());
  // The types of Node 20 do not know Zstandard.
  return (zlib as unknown as { zstdDecompressSync(data: Uint8Array): Uint8Array }).zstdDecompressSync(packed);
}
