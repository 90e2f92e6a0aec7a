import type { AcceptedMedia } from "#http/schemas/media.ts";
import { base, runPath } from "#sdk/paths.ts";
import { SdkError } from "#sdk/sdk-error.ts";
import { type Send, readPlainJson } from "#sdk/transport.ts";
import type { JsonObject } from "#core/value.ts";

/** What can be made, by its route below a run. */
export const mediaPaths = {
  image: "images/generate",
  speech: "voice/tts",
  music: "music/generate",
  video: "videos/generate",
} as const;
export type MediaKind = keyof typeof mediaPaths;

const catalogs: Record<MediaKind, { path: string; task?: string }> = {
  image: { path: "vision/provider_models", task: "text_to_image" },
  speech: { path: "audio/speech/models" },
  music: { path: "audio/music/models" },
  video: { path: "vision/provider_models", task: "text_to_video" },
};

export interface MediaModel {
  id: string;
  provider: string;
}

/** Pictures, speech, music and videos, each made by a child run. */
export interface MediaCalls {
  /** Begins to make it and answers the child run, which tells how far it is. */
  begin(kind: MediaKind, runId: string, body: JsonObject): Promise<string>;
  models(kind: MediaKind): Promise<MediaModel[]>;
}

export function mediaCalls(send: Send): MediaCalls {
  return {
    begin: async (kind, runId, json) => {
      const headers = { prefer: "respond-async" };
      const answer = await send(`${runPath(runId)}/${mediaPaths[kind]}`, { method: "POST", json, headers });
      const reply = await readPlainJson<(typeof AcceptedMedia)["static"] & { error?: string | null }>(answer);
      // What cannot be made is said in an answer that is no error.
      if (!reply.ok) throw new SdkError(answer.status, reply.error ?? "The gateway cannot make this.");
      return reply.child_run_id;
    },
    models: async (kind) => {
      const { path, task } = catalogs[kind];
      const reply = await readPlainJson<{ items: MediaModel[] }>(await send(`${base}/${path}`, { query: { task } }));
      return reply.items.filter(({ id, provider }) => id && provider);
    },
  };
}
