import { AppError } from "#core/errors.ts";
import type { MediaCallOptions, SingleRequest, SingleResult } from "#models/media/media.ts";
import { createMediaFetch } from "#models/media/media-fetch.ts";

/** Wires of providers that make media. */
export type MediaKind = "openai" | "openai-compatible" | "google" | "elevenlabs";

/** Where a provider is, and which words it speaks. */
export interface Wire {
  id: string;
  kind: MediaKind;
  baseUrl: string;
  apiKey: string | null;
}

/** A wire with the `fetch` of one call. */
export interface Call extends Wire {
  fetch: typeof fetch;
}

/** ElevenLabs' package knows one address only. */
const elevenLabsOrigin = "https://api.elevenlabs.io/v1";

/** Runs one call; whatever it raises is an AppError. */
export async function call(
  wire: Wire,
  { model }: Pick<SingleRequest, "model">,
  options: MediaCallOptions,
  run: (own: Call) => Promise<SingleResult>,
): Promise<SingleResult> {
  const { signal, quietMs = 0 } = options;
  const moved = wire.kind === "elevenlabs" ? { moved: { from: elevenLabsOrigin, to: wire.baseUrl } } : {};
  const fetch = createMediaFetch({ id: wire.id, quietMs, ...moved });
  try {
    return await run({ ...wire, fetch });
  } catch (error) {
    const isEmpty = error instanceof Error && /^AI_No(?:Image|Speech|Video)GeneratedError$/.test(error.name);
    if (isEmpty && !signal.aborted) {
      throw new AppError("unavailable", `${wire.id} answered without a file`, { cause: error });
    }
    // With the SDK, which is not loaded before it is used.
    const { toAppError } = await import("#models/remote/call-error.ts");
    throw toAppError(error, { id: wire.id, model, signal, nowMs: Date.now() });
  }
}

export function bearer({ apiKey }: Wire): Record<string, string> {
  return apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
}
