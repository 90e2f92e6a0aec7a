import { type Gathered, type GatheredProvider, lookSignal } from "#http/media/gather.ts";
import type { Services } from "#http/services.ts";
import type { Voice } from "#models/media/media.ts";

interface VoiceItem {
  id: string;
  label: string;
  provider: string;
  voice_kind: Voice["kind"];
  voice_kinds: Voice["kind"][];
  description?: string;
}

/** The voices of those who speak; somebody without a list of voices has none. */
export async function voiceLists(
  services: Services,
  { providers }: Gathered,
  { isProviders, isCompact }: { isProviders: boolean; isCompact: boolean },
) {
  const signal = lookSignal(services);
  const found = isProviders ? [] : await Promise.all(providers.map((each) => voicesOf(each, signal)));
  const items = found.flat();
  const clones = items.filter(({ voice_kind }) => voice_kind === "clone");
  const byProvider = Object.fromEntries(
    providers.map(({ id }, index) => [id, (found[index] ?? []).map((voice) => voice.id)]),
  );
  const trees = isCompact
    ? {}
    : {
        voices: items.map(({ id }) => id),
        cloned_voices: clones.map(({ id }) => id),
        tts_voices_by_provider: byProvider,
        tts_formats_by_provider: Object.fromEntries(providers.map(({ id }) => [id, formats])),
      };
  return { ...(isProviders ? {} : { items }), ...trees, controls };
}

const formats = ["wav", "mp3"];

const controls = {
  speed: { supported: true, min: 0.5, max: 2, default: 1 },
  // No provider's speech has such a choice: voices and models are what differ.
  quality_preset: { supported: false, values: ["low", "standard", "high"], default: "standard" },
  instructions: { supported: true },
  profile: { supported: true },
  voice_clone: { supported: false },
};

async function voicesOf({ id: provider, maker }: GatheredProvider, signal: AbortSignal): Promise<VoiceItem[]> {
  const voices = await maker.voices(signal).catch(() => []);
  return voices.map(({ id, label, kind, description }) => ({
    id,
    label,
    provider,
    voice_kind: kind,
    voice_kinds: [kind],
    ...(description === null ? {} : { description }),
  }));
}
