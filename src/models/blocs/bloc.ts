import { createHash } from "node:crypto";
import type { Message } from "#models/provider.ts";

/** A durable text that conversations can begin with (contract http-api 1.19). Names are those of the wire. */
export interface Bloc {
  /** Small number, never given twice in one store. */
  bloc_id: number;
  /** Of what the text was made from; the text's own when nobody says. */
  sha256: string;
  content_sha256: string;
  path: string;
  /** Whose it is. */
  runtime_id: string;
  media_type: string;
  size_bytes: number;
  mtime_ns: number | null;
  format: string | null;
  estimated_tokens: number;
  relpath_base: string | null;
  summary: string | null;
  keywords: string[];
  created_at: string;
  updated_at: string;
  /** Names under which its saved state was given to callers. */
  loaded: LoadedName[];
}

export interface LoadedName {
  provider: string;
  model: string;
  key: string;
}

/** What a conversation begins with that has the bloc: the same for the saved state and for every call, or the state would be of no use. */
export function blocMessage({ path }: Pick<Bloc, "path">, content: string): Message {
  return { role: "system", content: `Document: ${path}\n\n${content}` };
}

/** Name of its saved state with any model. Path and text both are in what the state holds. */
export function blocKey({ content_sha256, path, runtime_id }: Bloc): string {
  const place = createHash("sha256").update(path).digest("hex").slice(0, 12);
  return `${keysOf(runtime_id)}${content_sha256}:${place}`;
}

/** How the names of all states of one runtime's blocs begin. */
export function keysOf(runtimeId: string): string {
  return `bloc:${runtimeId}:`;
}
