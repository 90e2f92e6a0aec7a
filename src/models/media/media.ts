import type { MediaTask } from "#core/media.ts";
import type { JsonObject } from "#core/value.ts";

/** A picture or a recording that goes in. */
export interface MediaInput {
  bytes: Uint8Array;
  contentType: string;
  name: string;
}

export interface MediaRequest {
  task: MediaTask;
  model: string;
  prompt: string;
  /** Fields of the output specification (contract flow-runtime 2.10, Media), `extra` merged in. */
  options: JsonObject;
  source: MediaInput | null;
  mask: MediaInput | null;
}

export interface MadeFile {
  bytes: Uint8Array;
  /** Null where nobody chose one. */
  seed: number | null;
}

export interface MediaResult {
  files: MadeFile[];
  /** Of a transcription. */
  text: string | null;
  warnings: string[];
}

export interface MediaProgress {
  phase: "started" | "generating" | "stored";
  /** 0 to 1, when it is known. */
  progress: number | null;
  message: string;
}

export interface MediaCallOptions {
  signal: AbortSignal;
  onProgress?: (progress: MediaProgress) => void;
  /** A server that has not answered a request after so long is given up with `timeout`; absent or 0: never. */
  quietMs?: number;
}

export interface MediaModel {
  id: string;
  label: string;
}

export interface Voice {
  id: string;
  label: string;
  kind: "voice" | "profile" | "clone";
  description: string | null;
}

/** What one provider makes beside text. Failures are AppErrors as of `Provider`. */
export interface MediaMaker {
  /** What its wire has a form for. */
  tasks: readonly MediaTask[];
  /** Models that are taken where nobody names one; none for servers whose models only their owner knows. */
  usual: Partial<Record<MediaTask, string>>;
  make(request: MediaRequest, options: MediaCallOptions): Promise<MediaResult>;
  /** Its models for a task, from the provider itself where it has a list. */
  models(task: MediaTask, signal: AbortSignal): Promise<MediaModel[]>;
  voices(signal: AbortSignal): Promise<Voice[]>;
}

/** One way of making one thing: a batch is split before. */
export type MakeMedia = (request: SingleRequest, options: MediaCallOptions) => Promise<SingleResult>;

export interface SingleRequest extends MediaRequest {
  count: number;
  seed: number | null;
}

export interface SingleResult {
  files: Uint8Array[];
  text?: string;
  warnings?: string[];
}
