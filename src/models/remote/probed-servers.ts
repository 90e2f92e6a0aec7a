import type { Provider } from "#models/provider.ts";
import { createOpenAiCompatibleProvider } from "#models/remote/openai-compatible.ts";

/** Model servers that people run on their own machine, at the address where each listens when nobody says otherwise. */
const usual = [
  { id: "lmstudio", label: "LM Studio", port: 1234 },
  { id: "ollama", label: "Ollama", port: 11_434 },
  { id: "vllm", label: "vLLM", port: 8000 },
  { id: "llama-server", label: "llama-server", port: 8080 },
];

/** How long an answer, or the lack of one, counts. */
const freshMs = 30_000;

export interface ProbedServers {
  /** Those that answered when they were asked last; asks again when that is long ago. Never takes longer than one short time-out. */
  look(): Promise<Provider[]>;
  /** What `look` found last. */
  known(): Provider[];
}

export interface ProbeOptions {
  /** Providers that are configured already, and the gateway's own port, are left alone. */
  configured: ReadonlySet<string>;
  ownPort: number;
  now: () => number;
  /** A server that does not answer within this is not there. */
  probeMs: number;
  /** Where to look, for tests. */
  servers?: readonly { id: string; label: string; port: number }[];
}

/** Finds model servers on this machine without being told of them. */
export function createProbedServers({
  configured,
  ownPort,
  now,
  probeMs,
  servers = usual,
}: ProbeOptions): ProbedServers {
  const candidates = servers
    .filter(({ id, port }) => !configured.has(id) && port !== ownPort)
    .map(({ id, label, port }) =>
      createOpenAiCompatibleProvider({ id, label, baseUrl: `http://127.0.0.1:${port}/v1`, apiKey: null }),
    );
  let found: Provider[] = [];
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<Provider[]> | null = null;
  const probe = async (): Promise<Provider[]> => {
    const answers = await Promise.all(candidates.map((provider) => isThere(provider, probeMs)));
    found = candidates.filter((_, index) => answers[index]);
    lookedAt = now();
    looking = null;
    return found;
  };
  return {
    known: () => found,
    look: () => (now() - lookedAt < freshMs ? Promise.resolve(found) : (looking ??= probe())),
  };
}

async function isThere(provider: Provider, probeMs: number): Promise<boolean> {
  try {
    return (await provider.models(AbortSignal.timeout(probeMs))).length > 0;
  } catch {
    return false;
  }
}
