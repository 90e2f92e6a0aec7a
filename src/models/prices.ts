import type { GenerateResult } from "#models/provider.ts";

/** US dollars for a million tokens. */
export interface Price {
  input: number;
  output: number;
  /** Of input that the provider had in its cache; as `input` when absent. */
  cachedInput?: number;
}

/** By `<provider>/<model>`, or `<provider>/*` for all of a provider's. */
export type Prices = Readonly<Record<string, Price>>;

/** What a call cost by the configured prices, US dollars. Null where there is no price: nothing is guessed. */
export function priceOf(
  prices: Prices,
  { provider, model, result }: { provider: string; model: string; result: Pick<GenerateResult, "usage" | "cache"> },
): number | null {
  const price = prices[`${provider}/${model}`] ?? prices[`${provider}/*`];
  if (!price) return null;
  const { usage, cache } = result;
  const cached = cache?.source === "provider" ? Math.min(cache.reusedTokens, usage.input_tokens) : 0;
  const dollars =
    (usage.input_tokens - cached) * price.input +
    cached * (price.cachedInput ?? price.input) +
    usage.output_tokens * price.output;
  return Math.round(dollars * 1000) / 1e9;
}
