import type { JsonObject } from "#core/value.ts";
import { float } from "#core/value.ts";
import type { Found } from "#memory/query.ts";

/** Tokens are guessed as a quarter of the characters, as everywhere where no tokenizer is at hand. */
const charsPerToken = 4;

export interface Packed {
  packets: JsonObject[];
  text: string;
  estimatedTokens: number;
  dropped: number;
}

/** Assertions as packets, each statement once (contract flow-runtime 6.5), and those that fit the budget as text for a model (6.6). */
export function packAssertions(
  found: Found[],
  options: { scope: string; budgetTokens: number; isRanked: boolean },
): Packed {
  const distinct = withoutRepeats(found);
  const order = options.isRanked ? "similarity-desc" : "observed_at-desc";
  const head = `## KG ACTIVE MEMORY\n(scope=${options.scope}; order=${order}; budget=${options.budgetTokens} max_input_tokens)\n`;
  const packed: Found[] = [];
  let text = head;
  for (const each of distinct) {
    const longer = `${text}\n${lineOf(each)}`;
    if (tokensOf(longer) > options.budgetTokens) break;
    text = longer;
    packed.push(each);
  }
  const isEmpty = packed.length === 0;
  return {
    packets: packed.map(packetOf),
    text: isEmpty ? "" : text,
    estimatedTokens: isEmpty ? 0 : tokensOf(text),
    dropped: distinct.length - packed.length,
  };
}

function tokensOf(text: string): number {
  return Math.ceil(text.length / charsPerToken);
}

function withoutRepeats(found: Found[]): Found[] {
  const byStatement = new Map<string, Found>();
  for (const each of found) {
    const { subject, predicate, object, observed_at } = each.assertion;
    const key = JSON.stringify([subject, predicate, object.toLowerCase(), observed_at]);
    if (!byStatement.has(key)) byStatement.set(key, each);
  }
  return [...byStatement.values()];
}

function statementOf({ subject, predicate, object }: Found["assertion"]): string {
  return `${subject} —${predicate}→ ${object}`;
}

function lineOf({ assertion, retrieval }: Found): string {
  const notes: string[] = [];
  const span = assertion.provenance["span_id"];
  if (typeof span === "string") notes.push(`span:${span}`);
  if (retrieval) notes.push(`score:${retrieval.score.toFixed(3)}`);
  const end = notes.length > 0 ? ` (${notes.join("; ")})` : "";
  return `- [${assertion.observed_at}] ${statementOf(assertion)}${end}`;
}

function packetOf({ assertion, retrieval }: Found): JsonObject {
  const { subject, predicate, object, observed_at, scope, owner_id, provenance } = assertion;
  const packet: JsonObject = {
    version: 0,
    statement: statementOf(assertion),
    subject,
    predicate,
    object,
    observed_at,
    scope,
  };
  if (owner_id !== null) packet["owner_id"] = owner_id;
  for (const name of ["span_id", "writer_run_id", "writer_workflow_id"]) {
    const value = provenance[name];
    if (typeof value === "string") packet[name] = value;
  }
  if (retrieval) packet["retrieval_score"] = float(retrieval.score);
  return packet;
}
