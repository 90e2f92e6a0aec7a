/** One answered request. `resource` is a name from a short list: what clients write into a path must not become a label. */
export interface HttpSample {
  method: string;
  resource: string;
  /** The first digit counts: `2xx`. */
  status: string;
  seconds: number;
}

/** What the routes need to be watched. */
export interface Telemetry {
  contentType: string;
  render(): Promise<string>;
  request(sample: HttpSample): void;
}

/** The machine and the process below the gateway. */
export interface Host {
  /** When this process started, ms since the epoch. */
  startedMs: number;
  /** Load of the graphics cards (contract http-api 1.24), measured at most twice a second. */
  gpu(): Promise<GpuReading>;
}

export type GpuReading =
  | {
      ts: string;
      supported: true;
      source: "nvidia-smi" | "ioreg";
      utilization_gpu_pct: number;
      gpus: { index: number; name: string; utilization_gpu_pct: number }[];
    }
  | { ts: string; supported: false; reason: string };

const resources = new Set(
  `artifacts attachments audio blocs bundles commands config discovery embeddings files health history host images kg me memory models music
   ping prompt_cache providers runs schedules semantics sessions status tools v1 videos visualflows voice webhooks workflows workspace`.split(
    /\s+/,
  ),
);

/** `runs` of `/api/gateway/runs/…`, `v1` of OpenAI's paths, `other` for what is not ours. */
export function resourceOf(path: string): string {
  const [first = "", second = "", third = ""] = path.split("/", 4).slice(1);
  const name = first === "api" ? (second === "gateway" ? third : second) : first;
  return resources.has(name) ? name : "other";
}
