import type { ErrorCode } from "#core/errors.ts";
import type { GenerateRequest, GenerateResult } from "#models/provider.ts";

/** What the gateway says to its inference process. */
export type ToWorker =
  | { kind: "configure"; threads: number | null; cacheDir: string | null }
  | { kind: "generate"; id: number; modelPath: string; request: GenerateRequest; wantsDeltas: boolean }
  | { kind: "abort"; id: number };

/** And what it hears. */
export type FromWorker =
  | { kind: "ready" }
  | { kind: "delta"; id: number; text: string }
  | { kind: "result"; id: number; result: GenerateResult }
  | { kind: "error"; id: number; code: ErrorCode; message: string; retryable: boolean };
