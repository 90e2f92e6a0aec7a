import { answerKeys, answerOf } from "#core/answer-text.ts";
import type { StepRecord } from "#core/record.ts";
import { type RunStatus, isTerminal } from "#core/run.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { type Question, questionOf } from "#sdk/question.ts";
import { telling, waitOf } from "#sdk/record-text.ts";
import type { Delta } from "#sdk/follow.ts";

/** What happened in a turn. Texts are as they came; whoever shows them makes them safe. */
export type Part = { at: string } & PartContent;

type PartContent =
  | { kind: "text"; text: string; from: string }
  | {
      kind: "tool";
      callId: string;
      stepId: string;
      name: string;
      arguments: string;
      state: "asked" | "done" | "failed";
      result: string;
    }
  | { kind: "reply"; text: string }
  | { kind: "trouble"; text: string };

/** A prompt and what a run makes of it, folded from the records of the run and its children. */
export class Turn {
  readonly prompt: string;
  readonly runId: string;
  status: RunStatus;
  parts: Part[] = [];
  answer: string | null = null;
  error: string | null = null;
  /** The answer is an artifact of this id, because it is large. */
  answerArtifact: string | null = null;
  #live = new Map<string, { runId: string; text: string }>();
  /** Open questions by the run that asks. */
  #questions = new Map<string, Question>();

  constructor(begun: {
    prompt: string;
    runId: string;
    status: RunStatus;
    answer?: string | null;
    error?: string | null;
  }) {
    this.prompt = begun.prompt;
    this.runId = begun.runId;
    this.status = begun.status;
    this.answer = begun.answer ?? null;
    this.error = begun.error ?? null;
  }

  get isLive(): boolean {
    return !isTerminal(this.status);
  }

  get question(): Question | null {
    return this.#questions.values().next().value ?? null;
  }

  /** What models are writing now, by step. */
  get live(): string[] {
    return Array.from(this.#live.values(), ({ text }) => text);
  }

  take(record: StepRecord, runId: string): void {
    // Whatever comes after a question in its run's ledger closes it: it was answered here or elsewhere.
    this.#questions.delete(runId);
    const wait = waitOf(record);
    const question = wait && questionOf(runId, wait);
    if (question) this.#questions.set(runId, question);
    if (record.effect === null) return this.#takeEnd(record, runId);
    this.#takeEffect(record, record.effect.type, record.effect.payload);
  }

  /** Records of a run and of its children come over lines of their own: their times say what was first. */
  #put(record: StepRecord, content: PartContent): Part {
    const part = { at: record.ended_at ?? record.started_at, ...content };
    const after = this.parts.findLastIndex((each) => each.at <= part.at);
    this.parts.splice(after + 1, 0, part);
    return part;
  }

  /** After a gap the first piece is all that was said so far. */
  hear({ run_id: runId, step_id, text, whole }: Delta): void {
    const before = whole ? "" : (this.#live.get(step_id)?.text ?? "");
    this.#live.set(step_id, { runId, text: before + text });
  }

  /** With the connection of a run goes what it had told of the text under way: it is told anew, or a record stands in its place. */
  lose(runId: string): void {
    for (const [stepId, live] of this.#live) if (live.runId === runId) this.#live.delete(stepId);
  }

  end(status: RunStatus, error: string | null): void {
    this.status = status;
    this.error = error;
    this.#live.clear();
    this.#questions.clear();
  }

  #takeEffect(record: StepRecord, type: string, payload: JsonObject): void {
    const { status, result, step_id } = record;
    // Its beginning may come after its first words: they are not held back for records.
    if (type === "llm_call" && status !== "started") {
      this.#live.delete(step_id);
      if (status === "completed" && isObject(result)) this.#say(record, result["content"]);
    }
    if (type === "tool_calls") this.#takeTools(record, payload);
    if (type === "answer_user" && status === "completed" && isObject(result)) this.#say(record, result["message"]);
    if (type === "resume" && payload["wait_reason"] === "user") this.#takeReply(record, payload["payload"]);
    if (status === "failed") this.#put(record, { kind: "trouble", text: record.error ?? "failed" });
  }

  #say(record: StepRecord, text: Value | undefined): void {
    if (typeof text !== "string" || text.trim() === "" || text.trim() === this.answer?.trim()) return;
    // An agent's last words come twice: from the model, and from the flow that hands them on.
    const from = record.effect?.type ?? "";
    const isKnown = this.parts.some((part) => part.kind === "text" && part.text === text && part.from !== from);
    if (!isKnown) this.#put(record, { kind: "text", text, from });
  }

  #takeReply(record: StepRecord, payload: Value | undefined): void {
    if (!isObject(payload)) return;
    const { response, approved } = payload;
    if (typeof approved === "boolean") this.#put(record, { kind: "reply", text: approved ? "allowed" : "denied" });
    else if (typeof response === "string") this.#put(record, { kind: "reply", text: response });
  }

  #takeTools(record: StepRecord, payload: JsonObject): void {
    for (const call of objects(payload["tool_calls"])) this.#toolPart(record, call);
    if (record.status !== "completed" || !isObject(record.result)) return;
    for (const result of objects(record.result["results"])) {
      const part = this.#toolPart(record, result);
      const isDone = result["success"] !== false;
      part.state = isDone ? "done" : "failed";
      part.result = textOf(isDone ? result["output"] : (result["error"] ?? result["output"])) || telling(record);
    }
  }

  #toolPart(record: StepRecord, call: JsonObject): Part & { kind: "tool" } {
    const callId = textOf(call["call_id"]);
    const known = this.parts.findLast((part) => part.kind === "tool" && part.callId === callId);
    if (known?.kind === "tool" && known.stepId === record.step_id) return known;
    const name = textOf(call["name"]);
    const begun = { callId, stepId: record.step_id, name, arguments: JSON.stringify(call["arguments"] ?? {}) };
    return this.#put(record, { kind: "tool", state: "asked", result: "", ...begun }) as Part & { kind: "tool" };
  }

  #takeEnd(record: StepRecord, runId: string): void {
    if (runId !== this.runId || !isObject(record.result)) return;
    if (record.status === "failed") this.error = record.error;
    if (!("output" in record.result)) return;
    const output = record.result["output"] ?? null;
    this.answerArtifact = artifactOf(output);
    if (this.answerArtifact === null) this.finish(answerOf(output));
  }

  /** The answer, once; what was said on the way and is the same goes. */
  finish(answer: string | null): void {
    this.answer = answer;
    this.parts = this.parts.filter((part) => part.kind !== "text" || part.text.trim() !== answer?.trim());
  }
}

/** Of an output that is kept as an artifact because it is large, or whose answer is. */
function artifactOf(output: Value): string | null {
  if (!isObject(output)) return null;
  for (const place of [output, ...answerKeys.map((key) => output[key])]) {
    const artifact = isObject(place) ? place["$artifact"] : null;
    if (typeof artifact === "string") return artifact;
  }
  return null;
}

function objects(value: Value | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function textOf(value: Value | undefined): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}
