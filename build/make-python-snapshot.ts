import { bootPython } from "#sandbox/python/boot.ts";
import { Walls } from "#sandbox/python/walls.ts";

/** 2024-01-01, ms. */
const fixedTime = 1_704_067_200_000;

/** Clocks and chance stand still, so that every build makes the same bytes. What needs chance is seeded anew at each call. */
class StillWalls extends Walls {
  override around(imports: WebAssembly.Imports): WebAssembly.Imports {
    const { env = {}, wasi_snapshot_preview1: wasi = {}, ...others } = super.around(imports);
    const still: Record<string, (...values: number[]) => number> = {
      emscripten_date_now: () => fixedTime,
      emscripten_get_now: () => 0,
      random_get: (at = 0, length = 0) => (this.#memory().fill(7, at >>> 0, (at >>> 0) + (length >>> 0)), 0),
      clock_time_get: (_clock, _precision, at = 0) => {
        const { buffer } = this.#memory();
        new DataView(buffer).setBigUint64(at >>> 0, BigInt(fixedTime) * 1_000_000n, true);
        return 0;
      },
    };
    const stop = (members: WebAssembly.ModuleImports) =>
      new Proxy(members, { get: (target, name) => still[String(name)] ?? (Reflect.get(target, name) as unknown) });
    return { ...others, env: stop(env), wasi_snapshot_preview1: stop(wasi) };
  }

  #memory(): Uint8Array {
    if (!this.memory) throw new Error("Python has no memory yet");
    return new Uint8Array(this.memory.buffer);
  }
}

const [path] = process.argv.slice(2);
if (!path) throw new Error("name the file to write");
Date.now = () => fixedTime;
const python = await bootPython({ walls: new StillWalls(), isForSnapshot: true });
await Bun.write(path, (python as unknown as { makeMemorySnapshot(): Uint8Array }).makeMemorySnapshot());
process.exit(0);
