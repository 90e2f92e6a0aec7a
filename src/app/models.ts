import type { Settings } from "#config/settings.ts";
import { AppError } from "#core/errors.ts";
import { inferenceCommand } from "#app/own-command.ts";
import { type PullProgress, type PulledFile, pullModel } from "#models/hub/pull.ts";
import { createLocalProvider } from "#models/local/provider.ts";
import type { GenerateResult, LoadedModel, Provider } from "#models/provider.ts";

/** Fetches a model of the hub into the first models folder (`models/hub/pull.ts`). */
export async function pull(
  settings: Settings,
  options: { name: string; signal: AbortSignal; onProgress: (progress: PullProgress) => void },
): Promise<PulledFile[]> {
  const { dirs, hub } = settings.models;
  const [folder] = dirs;
  if (folder === undefined)
    throw new AppError("invalid_request", "There is no models folder: ABSTRACTGATEWAY_MODELS_DIR is empty");
  const { name, ...rest } = options;
  return pullModel(name, { folder, hubUrl: hub.url, token: hub.token, ...rest });
}

export interface BenchOptions {
  model: string;
  /** Length of the question, about. */
  promptTokens: number;
  outputTokens: number;
  signal: AbortSignal;
  onStep: (step: string) => void;
}

export interface BenchResult {
  model: LoadedModel;
  loadMs: number;
  /** Tokens of the question that were read per second, by one conversation. */
  promptTokensPerS: number;
  /** Tokens that were written per second, by one conversation. */
  outputTokensPerS: number;
  /** And by as many at once as the model has places for, together. */
  parallelTokensPerS: number;
}

/** Measures a local model in a process of its own, as the gateway would run it. AppErrors of `Provider`. */
export async function bench(settings: Settings, options: BenchOptions): Promise<BenchResult> {
  const { dirs, local, localThreads, cacheDir } = settings.models;
  const provider = createLocalProvider({
    folders: dirs,
    command: inferenceCommand(),
    threads: localThreads,
    cacheDir,
    ...local,
  });
  try {
    return await measure(provider, options);
  } finally {
    await provider.close();
  }
}

async function measure(provider: Provider, { model, promptTokens, outputTokens, signal, onStep }: BenchOptions) {
  const { residency } = provider;
  if (!residency) throw new AppError("unsupported", "Only local models are measured");
  onStep("Loading …");
  const startedAt = performance.now();
  const loaded = await residency.load(model, { pin: true, signal });
  const loadMs = performance.now() - startedAt;
  if (loaded.task !== "text_generation") {
    throw new AppError(
      "invalid_request",
      `The model '${model}' makes embeddings; only models that answer are measured`,
    );
  }
  const ask = (salt: number) =>
    provider.generate(
      {
        model,
        messages: [{ role: "user", content: prompt(promptTokens, salt) }],
        temperature: 0.7,
        seed: salt,
        maxOutputTokens: outputTokens,
      },
      { signal, onDelta: () => undefined },
    );
  onStep("Warming up …");
  await ask(0);
  onStep("One conversation …");
  const one = await ask(1);
  onStep(`${loaded.sequences} conversations at once …`);
  const manyAt = performance.now();
  const many = await Promise.all(Array.from({ length: loaded.sequences }, (_, index) => ask(index + 2)));
  const manyS = (performance.now() - manyAt) / 1000;
  const written = many.reduce((sum, { usage }) => sum + usage.output_tokens, 0);
  return { model: loaded, loadMs, ...speeds(one), parallelTokensPerS: written / manyS };
}

function speeds({ usage, ttftMs, genTimeMs }: GenerateResult) {
  const readS = (ttftMs ?? genTimeMs) / 1000;
  const writtenS = (genTimeMs - (ttftMs ?? 0)) / 1000;
  return {
    promptTokensPerS: usage.input_tokens / readS,
    // The first token belongs to the reading.
    outputTokensPerS: writtenS > 0 ? Math.max(0, usage.output_tokens - 1) / writtenS : 0,
  };
}

/** Different from the first word on, so that nothing of another question can be taken over. */
function prompt(tokens: number, salt: number): string {
  return `${salt}. Tell me a long story. ${"The river runs to the sea. ".repeat(Math.ceil(tokens / 8))}`;
}
