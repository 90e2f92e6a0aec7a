import { messageOf } from "#core/errors.ts";
import { type Clock, isoTime } from "#core/time.ts";
import type { GpuReading } from "#http/telemetry.ts";

export type GpuSource = "auto" | "nvidia-smi" | "ioreg" | "off";

/** Clients ask every second or so; a program is started for each measurement. */
const cacheMs = 500;
const timeoutMs = 3000;

type Gpu = { index: number; name: string; utilization_gpu_pct: number };

interface Program {
  source: "nvidia-smi" | "ioreg";
  command: string[];
  parse(output: string): Gpu[];
}

const nvidia: Program = {
  source: "nvidia-smi",
  command: ["nvidia-smi", "--query-gpu=index,name,utilization.gpu", "--format=csv,noheader,nounits"],
  parse: parseNvidia,
};
const apple: Program = {
  source: "ioreg",
  command: ["ioreg", "-r", "-d", "1", "-w", "0", "-c", "IOAccelerator"],
  parse: parseIoreg,
};

/** Asks the system's own program for the load of the graphics cards. `run` answers its output, or throws. */
export function createGpuProbe(
  source: GpuSource,
  now: Clock,
  run: (command: string[]) => Promise<string> = output,
): () => Promise<GpuReading> {
  const auto = process.platform === "darwin" ? apple : nvidia;
  const program = source === "off" ? null : ([nvidia, apple].find((each) => each.source === source) ?? auto);
  let last: { atMs: number; reading: Promise<GpuReading> } | null = null;
  return () => {
    if (last && now() - last.atMs < cacheMs) return last.reading;
    last = { atMs: now(), reading: measure(program, isoTime(now()), run) };
    return last.reading;
  };
}

async function measure(
  program: Program | null,
  ts: string,
  run: (command: string[]) => Promise<string>,
): Promise<GpuReading> {
  if (!program) return { ts, supported: false, reason: "disabled" };
  const { source } = program;
  try {
    const gpus = program.parse(await run(program.command));
    if (gpus.length === 0) return { ts, supported: false, reason: `${source} reports no graphics card` };
    const sum = gpus.reduce((total, gpu) => total + gpu.utilization_gpu_pct, 0);
    return { ts, supported: true, source, utilization_gpu_pct: Math.round((sum / gpus.length) * 10) / 10, gpus };
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    return { ts, supported: false, reason: isMissing ? `${source} not available` : `${source}: ${messageOf(error)}` };
  }
}

/** Lines such as `0, NVIDIA H200, 37`. A card in a mode that cannot tell says `[N/A]` and is left out. */
export function parseNvidia(text: string): Gpu[] {
  return text.split("\n").flatMap((line) => {
    const parts = line.split(",").map((part) => part.trim());
    const [index, load] = [Number(parts[0]), Number(parts.at(-1))];
    if (parts.length < 3 || !Number.isInteger(index) || !Number.isFinite(load)) return [];
    return [{ index, name: parts.slice(1, -1).join(", "), utilization_gpu_pct: load }];
  });
}

/** Properties such as `"Device Utilization %"=37` and `"model" = "Apple M2"`. */
export function parseIoreg(text: string): Gpu[] {
  return text
    .split(/^\+-o /m)
    .flatMap((device) => {
      const load = /"Device Utilization %"\s*=\s*(\d+)/.exec(device)?.[1];
      if (load === undefined) return [];
      const name = /"model"\s*=\s*<?"([^"]+)"/.exec(device)?.[1] ?? "Apple GPU";
      return [{ name, utilization_gpu_pct: Number(load) }];
    })
    .map((gpu, index) => ({ index, ...gpu }));
}

async function output(command: string[]): Promise<string> {
  const child = Bun.spawn(command, { stdio: ["ignore", "pipe", "ignore"], timeout: timeoutMs, killSignal: "SIGKILL" });
  const [text, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  if (code !== 0) throw new Error(`it ended with ${code}`);
  return text;
}
