import type { GenerateRequest } from "#models/provider.ts";

/**
 * Thoughts that a server leaves in the answer: between tags at its beginning, or up to the closing tag alone, where the model's template
 * has opened it. Tags further on are the answer's own.
 */
export function splitThoughts(text: string): { content: string; reasoning: string | null } {
  const match = /^\s*(?:<(think|thinking)>([\s\S]*?)<\/\1>|((?:(?!<think)[\s\S])*?)<\/think>)\s*/.exec(text);
  if (!match) return { content: text, reasoning: null };
  const reasoning = (match[2] ?? match[3] ?? "").trim();
  return { content: text.slice(match[0].length), reasoning: reasoning || null };
}

const tokensOf: Record<string, number> = {
  none: 0,
  off: 0,
  minimal: 256,
  low: 1024,
  medium: 4096,
  high: 16_384,
  xhigh: 32_768,
};

/** How many tokens a local model may think for; null leaves that to the model. */
export function thoughtTokens(thinking: GenerateRequest["thinking"]): number | null {
  if (thinking === false) return 0;
  if (typeof thinking !== "string") return null;
  return tokensOf[thinking.trim().toLowerCase()] ?? null;
}
