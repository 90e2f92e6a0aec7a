import { AppError } from "#core/errors.ts";
import { type JsonObject, isObject, numberOf } from "#core/value.ts";
import type { EffectContext } from "#effects/effect-handler.ts";
import { chooseRoute } from "#effects/model-route.ts";
import { generateStructured } from "#effects/structured-answer.ts";
import {
  type CompressionMode,
  type Summary,
  readSummary,
  summaryInstruction,
  summarySchema,
  transcriptPieces,
} from "#memory/spans/compaction.ts";
import type { ProviderRegistry } from "#models/provider.ts";

export interface Summarised extends Summary {
  provider: string;
  model: string;
  usage: JsonObject;
}

/** A share of the window: the answer needs room too. */
const shareOfWindow = 0.5;
const presetTokens = 6000;
const mostPieces = 64;

/** The run's model says in short what was said: piece by piece, and then of the pieces, where it cannot read all at once. */
export async function summarise(
  registry: ProviderRegistry,
  messages: JsonObject[],
  options: { mode: CompressionMode; focus: string | null; payload: JsonObject; context: EffectContext },
): Promise<Summarised> {
  const { context } = options;
  const route = await chooseRoute(registry, options.payload, context);
  if ("error" in route) throw new AppError("unavailable", route.error);
  const usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };
  const ask = async (text: string): Promise<Summary> => {
    const request = {
      model: route.model,
      messages: [
        { role: "system" as const, content: summaryInstruction(options.mode, options.focus) },
        { role: "user" as const, content: text },
      ],
      temperature: 0,
      responseSchema: summarySchema,
    };
    const { result } = await generateStructured(request, true, (each) =>
      route.provider.generate(each, { signal: context.signal }),
    );
    if ("error" in result) throw new AppError("unavailable", result.error);
    for (const kind of ["input_tokens", "output_tokens", "total_tokens"] as const) usage[kind] += result.usage[kind];
    const summary = readSummary(result.data, result.content);
    if (!summary) throw new AppError("unavailable", "The model gave an empty summary");
    return summary;
  };
  const pieces = transcriptPieces(messages, pieceTokens(context)).slice(0, mostPieces);
  const parts: Summary[] = [];
  for (const piece of pieces) parts.push(await ask(piece));
  const whole = parts.length === 1 ? (parts[0] as Summary) : await ask(parts.map(({ summary }) => summary).join("\n"));
  const keyPoints = parts.length === 1 ? whole.keyPoints : [...new Set(parts.flatMap((part) => part.keyPoints))];
  return { ...whole, keyPoints, provider: route.provider.id, model: route.model, usage };
}

function pieceTokens({ vars }: EffectContext): number {
  const limits = isObject(vars["_limits"]) ? vars["_limits"] : {};
  const window = numberOf(limits["max_input_tokens"]) ?? numberOf(limits["max_tokens"]);
  return window !== null && window > 0 ? Math.floor(window * shareOfWindow) : presetTokens;
}
