import type { TObject } from "@sinclair/typebox";
import type { MediaTask } from "#core/media.ts";
import type { JsonObject, Value } from "#core/value.ts";

export interface MediaSource {
  role: "source" | "mask";
  /** Field of the request that names it. */
  field: string;
  family: "image" | "audio";
}

/** One of the media routes (contract http-api 1.16). */
export interface MediaOperation {
  /** Below `/api/gateway/runs/{run_id}/`. */
  path: string;
  id: string;
  summary: string;
  /** Begins the sentence of a failure. */
  words: string;
  task: MediaTask;
  body: TObject;
  reply: TObject;
  /** Prefix of the codes of failures; null where those are HTTP errors. */
  code: string | null;
  sources: readonly MediaSource[];
  /** AppErrors `invalid_request` for fields that do not fit together. */
  outputOf: (body: JsonObject) => JsonObject;
  promptOf: (body: JsonObject) => string;
  /** The field of the first artifact; with an `s` the list, where there is one. */
  artifactField: string;
  hasList: boolean;
}

/** Those that are set, under their own names. */
export function given(body: JsonObject, ...names: string[]): JsonObject {
  const set = (value: Value | undefined) => value !== undefined && value !== null && value !== "";
  return Object.fromEntries(names.filter((name) => set(body[name])).map((name) => [name, body[name] ?? null]));
}

/** The first that is set, under one name. */
export function renamed(body: JsonObject, name: string, ...from: string[]): JsonObject {
  const found = from.map((each) => body[each]).find((value) => value !== undefined && value !== null && value !== "");
  return found === undefined ? {} : { [name]: found };
}
