import { AppError } from "#core/errors.ts";
import type { GenerateRequest, GenerateResult, Message, Usage } from "#models/provider.ts";

type Answer = GenerateResult | { error: string };

export interface Structured {
  result: Answer;
  /** Answers that did not match and were asked for again. */
  repairs: number;
  /** The schema was given up, as the flow allows. */
  isFallback: boolean;
}

/** A model that was told twice what is wrong does not find it the third time. */
const maxRepairs = 2;
const maxShownChars = 4000;

/**
 * Asks until the answer matches the request's schema: each time the model sees its answer and what is wrong with it. In the end the call
 * fails with the reason, or with `fallback` is made once without the schema (contract flow-runtime 4.2).
 */
export async function generateStructured(
  request: GenerateRequest,
  fallback: boolean,
  ask: (request: GenerateRequest) => Promise<Answer>,
): Promise<Structured> {
  const { responseSchema, ...plain } = request;
  if (!responseSchema) return { result: await ask(request), repairs: 0, isFallback: false };
  const { createSchemaCheck } = await import("#models/schema-check.ts");
  const check = createSchemaCheck(responseSchema);
  let messages = request.messages;
  let spent: Usage | null = null;
  for (let repairs = 0; ; repairs++) {
    const result = await askOrGiveUp(ask, { ...request, messages }, fallback);
    if (result === null) return { result: await ask(plain), repairs, isFallback: true };
    if ("error" in result) return { result, repairs, isFallback: false };
    const total: GenerateResult = { ...result, usage: sum(spent, result.usage) };
    const problem = result.toolCalls.length > 0 ? null : check(result.data);
    if (problem === null) return { result: total, repairs, isFallback: false };
    spent = total.usage;
    if (repairs < maxRepairs) {
      messages = [...request.messages, ...correction(result.content, problem)];
      continue;
    }
    if (!fallback) {
      const error = `The model's answer does not match the response schema, asked ${repairs + 1} times: ${problem}`;
      return { result: { error }, repairs, isFallback: false };
    }
    const free = await ask(plain);
    const counted = "error" in free ? free : { ...free, usage: sum(spent, free.usage) };
    return { result: counted, repairs, isFallback: true };
  }
}

/** Null: the provider cannot be asked with a schema at all, and the flow can do without. */
async function askOrGiveUp(
  ask: (request: GenerateRequest) => Promise<Answer>,
  request: GenerateRequest,
  fallback: boolean,
): Promise<Answer | null> {
  try {
    return await ask(request);
  } catch (error) {
    const isRefused = error instanceof AppError && (error.code === "invalid_request" || error.code === "unsupported");
    if (fallback && isRefused) return null;
    throw error;
  }
}

function correction(content: string, problem: string): Message[] {
  return [
    { role: "assistant", content: content.slice(0, maxShownChars) || "(nothing)" },
    {
      role: "user",
      content: `That answer cannot be used: ${problem}. Answer again, with JSON that matches the schema and nothing else.`,
    },
  ];
}

function sum(before: Usage | null, usage: Usage): Usage {
  if (before === null) return usage;
  return {
    input_tokens: before.input_tokens + usage.input_tokens,
    output_tokens: before.output_tokens + usage.output_tokens,
    total_tokens: before.total_tokens + usage.total_tokens,
  };
}
