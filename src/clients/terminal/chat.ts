import { answerOf } from "#core/answer-text.ts";
import { AppError, messageOf } from "#core/errors.ts";
import { isTerminal } from "#core/run.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { GatewayClient } from "#sdk/client.ts";
import { SdkError } from "#sdk/sdk-error.ts";
import { type Question, answerCommand, chooseAnswer, consent } from "#sdk/question.ts";
import type { StartBody } from "#sdk/wire.ts";
import { RunTree, type TreeListener } from "#clients/terminal/run-tree.ts";
import { Turn } from "#clients/terminal/turn.ts";

export interface ChatOptions {
  client: GatewayClient;
  sessionId: string;
  /** What answers: a bundle, with a flow of it where it has several. */
  target: { bundle_id: string; flow_id?: string };
  model: { provider: string; model: string } | null;
  tell: () => void;
  /** Something for the person to read that is no part of the conversation. */
  notify: (text: string) => void;
  /** Whether the gateway answers. */
  onConnection: (isThere: boolean) => void;
}

/** Earlier turns that are shown and told to the next run. */
const maxTurns = 100;
const maxContextChars = 400_000;
const retryMs = 500;

/** A session as a conversation: each prompt is a run, and what was said before goes along. */
export class Chat {
  #options: ChatOptions;
  readonly #closed = new AbortController();
  turns: Turn[] = [];
  isLoading = false;

  constructor(options: ChatOptions) {
    this.#options = options;
  }

  get sessionId(): string {
    return this.#options.sessionId;
  }

  get title(): string {
    const { target, model } = this.#options;
    return [target.bundle_id, target.flow_id, model && `${model.provider}/${model.model}`].filter(Boolean).join(" · ");
  }

  get question(): Question | null {
    return this.turns.map((turn) => turn.question).find((question) => question !== null) ?? null;
  }

  get isWorking(): boolean {
    return this.turns.some((turn) => turn.isLive && turn.answer === null);
  }

  /** What answers from the next message on. */
  use({ target, model }: Pick<ChatOptions, "target" | "model">): void {
    this.#options = { ...this.#options, target, model };
  }

  /** Reads what the session has, and follows what is still under way. */
  async load(): Promise<void> {
    const { client, sessionId, notify, tell } = this.#options;
    this.isLoading = true;
    try {
      const runs = await client.list({ session_id: sessionId, root_only: true, limit: maxTurns, include_drafts: true });
      const newest = runs.toSorted((a, b) => (a.created_at < b.created_at ? 1 : -1))[0];
      const history =
        newest && (await client.history.bundle(newest.run_id, { include_session: true, ledger_max_items: 1 }));
      for (const turn of history?.session?.turns ?? []) {
        const { run_id: runId, prompt, answer } = turn;
        const run = runs.find((each) => each.run_id === runId);
        const status = run?.status ?? "completed";
        const isOver = isTerminal(status);
        this.#add(
          new Turn({ runId, prompt: prompt ?? "", status, ...(isOver ? { answer, error: run?.error ?? null } : {}) }),
        );
      }
    } catch (error) {
      notify(`The session cannot be read: ${messageOf(error)}`);
    }
    this.isLoading = false;
    tell();
  }

  /** Answers the open question, or begins a turn. Throws what the gateway says. */
  async send(text: string): Promise<void> {
    const { question } = this;
    if (question) return this.#reply(question, text);
    if (this.isWorking) throw new AppError("conflict", "The last message is still worked on. Wait, or ^X cancels it.");
    const { client, sessionId } = this.#options;
    const runId = await client.start({ ...this.#body(text), session_id: sessionId });
    this.#add(new Turn({ runId, prompt: text, status: "running" }));
    this.#options.tell();
  }

  async consent(isGiven: boolean): Promise<void> {
    const { question } = this;
    if (question?.isApproval) await this.#answer(question, consent(isGiven));
  }

  /** Cancels what works now. */
  async cancel(): Promise<void> {
    for (const { runId } of this.turns.filter((turn) => turn.isLive)) {
      const payload = { reason: "Cancelled at the terminal" };
      await this.#options.client.command({ run_id: runId, type: "cancel", payload });
    }
  }

  close(): void {
    this.#closed.abort();
  }

  #body(text: string): StartBody {
    const { target, model } = this.#options;
    const context = { task: text, messages: saidBefore(this.turns) };
    const input: JsonObject = { prompt: text, use_context: true, context };
    return { ...target, input_data: { ...input, ...model } };
  }

  async #reply(question: Question, text: string): Promise<void> {
    if (question.isApproval) {
      const word = /^\s*(y|yes|n|no)\s*$/i.exec(text)?.[1]?.toLowerCase();
      if (word === undefined) return this.#options.notify("Allow it? Type y or n.");
      return this.#answer(question, consent(word.startsWith("y")));
    }
    const response = chooseAnswer(question, text);
    if (response === null) return this.#options.notify(`Choose 1 to ${question.choices.length}, or one of the texts.`);
    await this.#answer(question, { response });
  }

  async #answer(question: Question, payload: JsonObject): Promise<void> {
    const { command_id } = await this.#options.client.command(answerCommand(question, payload));
    const { outcome } = await this.#options.client.outcome(command_id);
    if (outcome && outcome.status !== "applied") this.#options.notify(outcome.message);
  }

  #add(turn: Turn): void {
    this.turns.push(turn);
    if (turn.isLive) this.#follow(turn);
  }

  #follow(turn: Turn): void {
    const { client, tell, notify, onConnection } = this.#options;
    const listener: TreeListener = {
      onEntry: ({ record }, { runId }) => {
        turn.take(record, runId);
        tell();
      },
      onDelta: (delta) => {
        turn.hear(delta);
        tell();
      },
      onLost: (runId) => {
        turn.lose(runId);
        onConnection(false);
      },
      onConnect: () => onConnection(true),
      onEnd: (runId) => {
        if (runId === turn.runId) void this.#end(turn);
      },
      onFailure: (error) => notify(messageOf(error)),
    };
    new RunTree(client, { listener, signal: this.#closed.signal, withChildren: true }).follow(turn.runId);
  }

  /** How it ended is asked until the gateway says it: it may be restarting just now. */
  async #end(turn: Turn): Promise<void> {
    const { client, tell, notify } = this.#options;
    while (!this.#closed.signal.aborted) {
      try {
        const { status, error } = await client.get(turn.runId);
        if (turn.answerArtifact !== null) turn.finish(answerOf(await this.#artifact(turn.runId, turn.answerArtifact)));
        turn.end(status, error);
        return tell();
      } catch (error) {
        if (!(error instanceof SdkError && error.retryable)) return notify(messageOf(error));
        await Bun.sleep(retryMs);
      }
    }
  }

  async #artifact(runId: string, artifactId: string): Promise<JsonObject | string> {
    const text = new TextDecoder().decode(await this.#options.client.artifact(runId, artifactId));
    try {
      const value = JSON.parse(text) as Value;
      return isObject(value) || typeof value === "string" ? value : text;
    } catch {
      return text;
    }
  }
}

/** The conversation so far for the next run: its end, where all of it would be too much for a request. */
function saidBefore(turns: Turn[]): JsonObject[] {
  const messages = turns.flatMap(({ prompt, answer }) => [
    { role: "user", content: prompt },
    { role: "assistant", content: answer ?? "" },
  ]);
  let left = maxContextChars;
  const kept: JsonObject[] = [];
  for (const { role, content } of messages.filter((message) => message.content !== "").toReversed()) {
    left -= content.length;
    if (left < 0) break;
    kept.unshift({ role, content });
  }
  return kept;
}
