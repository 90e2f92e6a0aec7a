import type { CommandDef } from "citty";
import { AppError } from "#core/errors.ts";
import type { GatewayClient } from "#sdk/client.ts";
import type { ModelItem, ResidentModel } from "#sdk/wire.ts";
import { connectArgs, type ConnectArgs, withGateway } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { stopSignal } from "#cli/drain.ts";
import { wholeNumber } from "#cli/flags.ts";
import { settingsArgs, settingsFor } from "#cli/settings.ts";
import { StatusLine, print, printJson, table } from "#cli/terminal.ts";
import { plain } from "#core/plain-text.ts";

const jsonArg = { type: "boolean", description: "Print JSON" } as const;
const modelArg = { type: "positional", description: "Name, hub name or path of the model", required: true } as const;

export function modelsCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "models", description: "List, pull, load, unload and measure local models" },
    subCommands: {
      list: listCommand(context),
      pull: pullCommand(context),
      load: loadCommand(context),
      unload: unloadCommand(context),
      bench: benchCommand(context),
    },
  });
}

function listCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "list", description: "List models, and which are in memory" },
    args: {
      provider: { type: "string", default: "local", description: "Another provider's models" },
      json: jsonArg,
      ...connectArgs,
    },
    run: ({ args }) =>
      withGateway(context, args, { runner: false }, async ({ client }) => {
        const models = await client.models(args.provider);
        const isLocal = args.provider === "local";
        const { models: loaded, compute } = isLocal ? await client.loadedModels() : { models: [], compute: undefined };
        if (args.json) {
          const isLoaded = (id: string) => loaded.some(({ model }) => model === id);
          return printJson(
            context,
            models.map((model) => ({ ...model, loaded: isLoaded(model.id) })),
          );
        }
        if (models.length === 0) return print(context, `No models of '${plain(args.provider)}'.`);
        print(context, table([header, ...models.map((model) => row(model, loaded))]));
        if (compute) print(context, plain(`They run on: ${compute.expected} (${compute.reason}).`));
      }),
  });
}

const header = ["MODEL", "FOR", "SIZE", "WINDOW", "FORMAT", "IN MEMORY"];

function row(model: ModelItem, loaded: ResidentModel[]): string[] {
  const resident = loaded.find((each) => each.model === model.id);
  const isEmbedding = model.tasks?.includes("embedding") && !model.tasks.includes("text");
  return [
    model.id,
    isEmbedding ? "embeddings" : "text",
    model.size_bytes === undefined ? "" : size(model.size_bytes),
    model.context_tokens === undefined ? "" : String(model.context_tokens),
    [model.architecture, model.quantization].filter(Boolean).join(" "),
    resident ? describe(resident) : "",
  ].map(plain);
}

function describe({ memory_bytes, backend, gpu_layers, pinned, note }: ResidentModel): string {
  const where = backend === "cpu" ? "cpu" : `${backend}, ${gpu_layers} layers`;
  return `${size(memory_bytes)} (${where}${pinned ? ", pinned" : ""}${note ? `; ${note}` : ""})`;
}

function size(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function loadCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "load", description: "Load a model in the running gateway, and keep it there" },
    args: {
      model: modelArg,
      pin: {
        type: "boolean",
        default: true,
        description: "Keep it until it is unloaded",
        negativeDescription: "Let it go for others, or when nobody uses it",
      },
      json: jsonArg,
      ...connectArgs,
    },
    run: ({ args }) =>
      withRunning(context, args, async (client) => {
        const status = new StatusLine(context);
        status.show(`Loading ${plain(args.model)} …`);
        const loaded = await client.loadModel(args.model, { pin: args.pin }).finally(() => status.clear());
        if (args.json) return printJson(context, loaded);
        const { model, context_tokens, sequences } = loaded;
        const places = `${sequences} conversations of ${context_tokens} tokens`;
        print(context, `${plain(model)} is in memory: ${describe(loaded)}, ${places}.`);
      }),
  });
}

function unloadCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "unload", description: "Take a model out of the running gateway's memory" },
    args: { model: modelArg, json: jsonArg, ...connectArgs },
    run: ({ args }) =>
      withRunning(context, args, async (client) => {
        const gone = await client.unloadModel(args.model);
        if (args.json) return printJson(context, gone);
        print(context, gone ? `${plain(gone.model)} is out of memory.` : `${plain(args.model)} was not in memory.`);
      }),
  });
}

/** What a gateway inside this process loads is gone with it. */
function withRunning(context: CliContext, args: ConnectArgs, use: (client: GatewayClient) => Promise<void>) {
  return withGateway(context, args, { runner: false }, async ({ client, isOwn }) => {
    if (isOwn)
      throw new AppError(
        "unavailable",
        "No gateway is running here; start one with `abstractgateway serve`, or name one with --url.",
      );
    await use(client);
  });
}

function pullCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "pull", description: "Download a model, going on where an earlier attempt stopped" },
    args: {
      model: {
        type: "positional",
        description: "org/repo, org/repo:Q4_K_M, org/repo/file.gguf, a URL or a path",
        required: true,
      },
      json: jsonArg,
      ...settingsArgs,
    },
    run: async ({ args }) => {
      const settings = settingsFor(context, args);
      const { pull } = await import("#app/models.ts");
      const status = new StatusLine(context);
      const rate = new Rate();
      const pulled = await untilStopped(context, (signal) =>
        pull(settings, {
          name: args.model,
          signal,
          onProgress: ({ file, doneBytes, totalBytes }) => {
            const share = totalBytes ? ` ${bar(doneBytes / totalBytes)}` : "";
            const of = totalBytes === null ? "" : ` of ${size(totalBytes)}`;
            status.show(`${plain(file)}${share} ${size(doneBytes)}${of}, ${size(rate.at(doneBytes))}/s`);
          },
        }),
      ).finally(() => status.clear());
      if (args.json) return printJson(context, pulled);
      for (const { path, bytes, isOld, isChecked } of pulled) {
        const state = isOld ? "was there already" : isChecked ? "is complete and checked" : "is complete";
        print(context, `${plain(path)} (${size(bytes)}) ${state}.`);
      }
    },
  });
}

const barWidth = 24;

function bar(share: number): string {
  const full = Math.min(barWidth, Math.floor(share * barWidth));
  return `[${"#".repeat(full)}${".".repeat(barWidth - full)}] ${Math.floor(share * 100)}%`;
}

/** Bytes per second over the last seconds. */
class Rate {
  #points: { atMs: number; bytes: number }[] = [];

  at(bytes: number): number {
    const atMs = performance.now();
    this.#points = this.#points.filter((point) => atMs - point.atMs < 5000 && point.bytes <= bytes);
    this.#points.push({ atMs, bytes });
    const [first] = this.#points;
    return first && atMs > first.atMs ? ((bytes - first.bytes) * 1000) / (atMs - first.atMs) : 0;
  }
}

function benchCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "bench", description: "Measure a local model in a process of its own" },
    args: {
      model: modelArg,
      prompt: { type: "string", default: "256", valueHint: "tokens", description: "Length of the question, about" },
      output: { type: "string", default: "128", valueHint: "tokens", description: "Length of the answer, at most" },
      json: jsonArg,
      ...settingsArgs,
    },
    run: async ({ args }) => {
      const promptTokens = wholeNumber("prompt", args.prompt, { min: 1, max: 1_000_000 });
      const outputTokens = wholeNumber("output", args.output, { min: 2, max: 100_000 });
      const settings = settingsFor(context, args);
      const { bench } = await import("#app/models.ts");
      const status = new StatusLine(context);
      const result = await untilStopped(context, (signal) =>
        bench(settings, { model: args.model, promptTokens, outputTokens, signal, onStep: (step) => status.show(step) }),
      ).finally(() => status.clear());
      if (args.json) return printJson(context, result);
      const { model, loadMs, promptTokensPerS, outputTokensPerS, parallelTokensPerS } = result;
      const rows = [
        ["computes on", model.backend === "cpu" ? "cpu" : `${model.backend}, ${model.gpuLayers} layers`],
        ["memory", size(model.bytes)],
        ["loaded in", `${Math.round(loadMs)} ms`],
        ["reads", `${Math.round(promptTokensPerS)} tokens/s`],
        ["writes", `${Math.round(outputTokensPerS)} tokens/s`],
        [`writes, ${model.sequences} at once`, `${Math.round(parallelTokensPerS)} tokens/s together`],
      ];
      print(context, table(rows));
    },
  });
}

/** Runs something long that the first ^C stops. */
async function untilStopped<T>(context: CliContext, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = stopSignal(context);
  const controller = new AbortController();
  void stop.stopped.then(() => controller.abort());
  try {
    return await work(controller.signal);
  } finally {
    stop.release();
  }
}
