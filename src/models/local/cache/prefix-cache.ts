import type { LlamaContextSequence, Token } from "node-llama-cpp";
import { messageOf } from "#core/errors.ts";
import type { PrefixStore, SavedPrefix } from "#models/local/cache/prefix-store.ts";
import { type CacheUse, type CachedPrefix, commonPrefix } from "#models/prompt-cache.ts";

/** Reading a file is not worth it for less; nor is writing one. */
const minTokens = 64;

interface Place {
  modelPath: string;
  sequence: LlamaContextSequence;
  /** Of llama.cpp. */
  release: string;
}

/** Takes the beginnings of prompts from saved states, and saves them again. */
export class PrefixCache {
  #store: PrefixStore;

  constructor(store: PrefixStore) {
    this.#store = store;
  }

  /** Puts the longest known beginning of the prompt into the sequence, and tells what that was. */
  async restore(place: Place, prompt: Token[], wanted: string | null): Promise<CacheUse> {
    const { modelPath, sequence } = place;
    const key = wanted ?? (await this.#store.defaultKey(modelPath));
    const inMemory = commonPrefix(sequence.contextTokens, prompt);
    const use = (source: CacheUse["source"], reusedTokens: number, reason: string): CacheUse => ({
      key,
      source: reusedTokens > 0 ? source : "none",
      promptTokens: prompt.length,
      reusedTokens,
      reason,
    });
    const missing = prompt.length - 1 - inMemory;
    const reuse = Math.min(inMemory, prompt.length - 1);
    if (missing <= 0) return use("memory", reuse, "the whole prompt was in memory");
    const fromMemory = inMemory > 0 ? "the beginning was in memory" : "no earlier conversation begins like this one";
    if (key === null) return use("memory", reuse, `${fromMemory}; no cache was named`);
    const saved = await this.#store.get(modelPath, key);
    if (!saved) return use("memory", reuse, `${fromMemory}; there is no cache of that name, or it was evicted`);
    if (saved.statePath === null) return use("memory", reuse, `${fromMemory}; the cache of that name is still empty`);
    if (saved.release !== place.release) {
      return use("memory", reuse, `${fromMemory}; the saved state is of another build of llama.cpp`);
    }
    const onDisk = Math.min(commonPrefix(saved.tokens, prompt), prompt.length - 1);
    if (onDisk < inMemory + minTokens && (inMemory > 0 || onDisk < minTokens / 2)) {
      const why =
        onDisk < saved.tokens.length ? "the prompt differs from the saved state early on" : "it holds no more";
      return use("memory", reuse, `${fromMemory}; ${why}`);
    }
    const problem = await load(sequence, saved);
    if (problem !== null) return use("none", 0, `the saved state cannot be read: ${problem}`);
    await this.#store.touch(saved);
    const isWhole = onDisk === Math.min(saved.tokens.length, prompt.length - 1);
    return use(
      "saved",
      onDisk,
      isWhole ? "the saved state was taken over" : "the prompt goes on differently after that",
    );
  }

  /** Saves what the sequence holds, unless little has come to what is saved already. */
  async keep({ modelPath, sequence, release }: Place, key: string, ttlMs: number | null = null): Promise<void> {
    const tokens = [...sequence.contextTokens];
    const saved = await this.#store.get(modelPath, key);
    const known = saved?.release === release ? commonPrefix(saved.tokens, tokens) : 0;
    const isWorth = tokens.length - known >= minTokens || (known === 0 && tokens.length >= minTokens / 2);
    if (!isWorth) return;
    await this.save({ modelPath, sequence, release }, key, saved?.expiresAtMs === undefined ? ttlMs : remaining(saved));
  }

  async save({ modelPath, sequence, release }: Place, key: string, ttlMs: number | null): Promise<CachedPrefix> {
    const tokens = [...sequence.contextTokens];
    return this.#store.put(modelPath, { key, tokens, release, ttlMs }, (path) => sequence.saveStateToFile(path));
  }
}

function remaining({ expiresAtMs }: SavedPrefix): number | null {
  return expiresAtMs === null ? null : Math.max(1, expiresAtMs - Date.now());
}

async function load(sequence: LlamaContextSequence, { statePath }: SavedPrefix): Promise<string | null> {
  try {
    // The folder's name is made of the model file's identity, and the build was compared.
    await sequence.loadStateFromFile(statePath ?? "", { acceptRisk: true });
    return null;
  } catch (error) {
    await sequence.clearHistory();
    return messageOf(error);
  }
}
