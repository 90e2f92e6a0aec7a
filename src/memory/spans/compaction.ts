import { type JsonObject, isObject } from "#core/value.ts";
import { textIn } from "#memory/spans/span.ts";

export const compressionModes = ["light", "standard", "heavy"] as const;
export type CompressionMode = (typeof compressionModes)[number];

export interface Split {
  system: JsonObject[];
  older: JsonObject[];
  recent: JsonObject[];
}

/**
 * What stays, what is archived, what stays as the recent end. System messages always stay (contract flow-runtime 4.9). The end never begins
 * with a tool's answer: without the call before it no provider takes it.
 */
export function splitConversation(messages: JsonObject[], preserveRecent: number): Split {
  const system = messages.filter(({ role }) => role === "system");
  const turns = messages.filter(({ role }) => role !== "system");
  let at = Math.max(0, turns.length - preserveRecent);
  while (at > 0 && turns[at]?.["role"] === "tool") at--;
  return { system, older: turns.slice(0, at), recent: turns.slice(at) };
}

/** Tokens are guessed as a quarter of the characters. */
const charsPerToken = 4;

/** Messages as text, cut into pieces that a model can read at once. A message larger than a piece is cut at its end. */
export function transcriptPieces(messages: JsonObject[], maxTokens: number): string[] {
  const most = Math.max(400, maxTokens * charsPerToken);
  const pieces: string[] = [];
  let piece = "";
  for (const { role, content } of messages) {
    const said = typeof content === "string" ? content : JSON.stringify(content ?? "");
    const line = `${typeof role === "string" ? role : "user"}: ${said}`.slice(0, most);
    if (piece !== "" && piece.length + line.length + 1 > most) {
      pieces.push(piece);
      piece = "";
    }
    piece = piece === "" ? line : `${piece}\n${line}`;
  }
  return piece === "" ? pieces : [...pieces, piece];
}

const detail: Record<CompressionMode, string> = {
  light: "Keep every fact, name, number, decision and open question; leave out greetings and repetition.",
  standard: "Keep the facts, names, numbers, decisions and open questions that later turns may need.",
  heavy: "Keep only what must not be forgotten: decisions, results, open questions. Be as short as possible.",
};

/** What the model that summarises is told. */
export function summaryInstruction(mode: CompressionMode, focus: string | null): string {
  const about = focus === null ? "" : ` Keep above all what is about: ${focus}.`;
  return `You summarise a conversation so that it can go on without its older part. ${detail[mode]}${about} Write no more than what was said.`;
}

export const summarySchema: JsonObject = {
  type: "object",
  properties: {
    summary: { type: "string" },
    key_points: { type: "array", items: { type: "string" } },
    confidence: { type: "number" },
  },
  required: ["summary", "key_points", "confidence"],
  additionalProperties: false,
};

export interface Summary {
  summary: string;
  keyPoints: string[];
  confidence: number | null;
}

/** A summary from a model's answer, structured or not. Null when it says nothing. */
export function readSummary(data: unknown, content: string): Summary | null {
  const answer = isObject(data) ? data : {};
  const summary = (textIn(answer, "summary") ?? content).trim();
  if (summary === "") return null;
  const points = Array.isArray(answer["key_points"]) ? answer["key_points"] : [];
  const confidence = answer["confidence"];
  return {
    summary,
    keyPoints: points.filter((point): point is string => typeof point === "string"),
    confidence: typeof confidence === "number" ? confidence : null,
  };
}

/** The message that stands for what was archived. */
export function summaryMessage(
  span: { id: string; from: string | null; to: string | null; count: number },
  facts: {
    summary: string;
    messageId: string;
    at: string;
  },
): JsonObject {
  return {
    role: "system",
    content: `[CONVERSATION HISTORY SUMMARY span_id=${span.id}]: ${facts.summary}`,
    timestamp: facts.at,
    metadata: {
      kind: "memory_summary",
      message_id: facts.messageId,
      source_artifact_id: span.id,
      source_from_timestamp: span.from,
      source_to_timestamp: span.to,
      source_message_count: span.count,
    },
  };
}

export function messageIdOf(message: JsonObject | undefined): string | null {
  return message && isObject(message["metadata"]) ? textIn(message["metadata"], "message_id") : null;
}
