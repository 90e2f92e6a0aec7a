import type { JsonObject } from "#core/value.ts";
import type { MediaKind } from "#sdk/media.ts";

/** What can be tried: an answer in words, or a file. */
export type Kind = "text" | MediaKind;

export const kinds: readonly (readonly [kind: Kind, label: string])[] = [
  ["text", "Text"],
  ["image", "Picture"],
  ["speech", "Speech"],
  ["music", "Music"],
  ["video", "Video"],
];

/** What one kind asks for beside its prompt. */
export interface Extra {
  name: string;
  label: string;
  hint: string;
  isNumber?: boolean;
}

export const extras: Record<MediaKind, Extra[]> = {
  image: [
    { name: "size", label: "Size", hint: "Such as 1024x1024." },
    { name: "count", label: "How many", hint: "One when empty.", isNumber: true },
    { name: "seed", label: "Seed", hint: "The same seed makes the same picture.", isNumber: true },
  ],
  speech: [
    { name: "voice", label: "Voice", hint: "The provider's own when empty." },
    { name: "speed", label: "Speed", hint: "1 is normal.", isNumber: true },
  ],
  music: [
    { name: "duration_s", label: "Seconds", hint: "As long as the model likes when empty.", isNumber: true },
    { name: "lyrics", label: "Lyrics", hint: "Instrumental when empty." },
  ],
  video: [
    { name: "duration_s", label: "Seconds", hint: "As long as the model likes when empty.", isNumber: true },
    { name: "seed", label: "Seed", hint: "The same seed makes the same video.", isNumber: true },
  ],
};

/** A request as its route takes it. */
export function bodyOf(kind: MediaKind, prompt: string, choice: Record<string, string>): JsonObject {
  const body: JsonObject = { [kind === "speech" ? "text" : "prompt"]: prompt };
  for (const name of ["provider", "model"]) if (choice[name]) body[name] = choice[name];
  for (const { name, isNumber } of extras[kind]) {
    const text = choice[name]?.trim();
    if (text) body[name] = isNumber ? Number(text) : text;
  }
  return body;
}
