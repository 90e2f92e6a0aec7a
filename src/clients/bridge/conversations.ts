import { AppError, messageOf } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import type { Log } from "#core/log.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { GatewayClient } from "#sdk/client.ts";
import type { StartBody } from "#sdk/wire.ts";
import type { Conversation, Message, StateKeeper, Turn } from "#clients/bridge/bridge-state.ts";
import type { BridgeOptions, Channel, Place } from "#clients/bridge/channel.ts";
import { followTurn } from "#clients/bridge/follow-turn.ts";
import { answerText, outputFiles, outputText } from "#clients/bridge/output-text.ts";
import type { Server } from "#clients/bridge/persist.ts";

export interface ConversationsOptions {
  sdk: GatewayClient;
  gateway: Server;
  keeper: StateKeeper;
  channel: Channel;
  settings: Pick<BridgeOptions, "bundleId" | "flowId" | "provider" | "model" | "sessionPrefix" | "maxHistoryMessages">;
  log: Log;
  signal: AbortSignal;
  /** A followed run asks something. */
  onWait: () => void;
}

/** Of the history that a run is told, so that one long text does not fill a model's window. */
const maxHistoryChars = 20_000;
/** Names of messages that were dealt with are kept by the position of the inbox; the queue itself must not grow without end. */
const maxQueue = 100;

/**
 * Conversations of a channel: each is a session, its messages are worked on one after the other, each by a run. Whatever was received is
 * in the state until it was answered, and after a restart each turn goes on where it stood.
 */
export class Conversations {
  #options: ConversationsOptions;
  #workers = new Map<string, Promise<void>>();

  constructor(options: ConversationsOptions) {
    this.#options = options;
  }

  /** The conversation of that name, made when it is new. */
  of(id: string, about: JsonObject = {}): Conversation {
    const { conversations } = this.#options.keeper.state;
    conversations[id] ??= {
      sessionId: this.#options.settings.sessionPrefix + id,
      generation: 0,
      history: [],
      queue: [],
      turn: null,
      about,
    };
    return conversations[id];
  }

  /** Puts a message into the queue; false when the queue is full. The caller saves, together with its own position, and calls `wake`. */
  receive(id: string, message: Message, about: JsonObject = {}): boolean {
    const conversation = this.of(id, about);
    const known = [...conversation.queue, ...(conversation.turn ? [conversation.turn.message] : [])];
    if (known.some(({ key }) => key === message.key)) return true;
    if (conversation.queue.length >= maxQueue) return false;
    conversation.queue.push(message);
    return true;
  }

  /** A new session; what was not begun is dropped, what is under way goes on. */
  reset(id: string): void {
    const conversation = this.of(id);
    conversation.generation++;
    conversation.sessionId = `${this.#options.settings.sessionPrefix}${id}:${conversation.generation}`;
    conversation.history = [];
    conversation.queue = [];
  }

  /** Goes on with everything that the last process left. */
  resume(): void {
    for (const id of Object.keys(this.#options.keeper.state.conversations)) this.wake(id);
  }

  wake(id: string): void {
    const conversation = this.#options.keeper.state.conversations[id];
    if (!conversation || this.#workers.has(id) || (conversation.queue.length === 0 && !conversation.turn)) return;
    const { signal, log } = this.#options;
    const work = this.#work(id, conversation)
      .catch((error: unknown) => {
        if (!signal.aborted) log.write("error", `A conversation stopped: ${messageOf(error)}`);
      })
      .finally(() => {
        this.#workers.delete(id);
        // Something may have come between its last look and its end.
        if (!signal.aborted && conversation.queue.length > 0) this.wake(id);
      });
    this.#workers.set(id, work);
  }

  /** Resolves when no worker is left; the signal must be aborted. */
  async stopped(): Promise<void> {
    await Promise.allSettled(this.#workers.values());
  }

  async #work(id: string, conversation: Conversation): Promise<void> {
    const { keeper, signal } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      const message = conversation.turn === null ? conversation.queue.shift() : undefined;
      if (message) conversation.turn = newTurn(message);
      const { turn } = conversation;
      if (!turn) return;
      await keeper.save();
      await this.#take({ conversationId: id, conversation, turn });
      conversation.turn = null;
      await keeper.save();
    }
  }

  async #take(place: Place): Promise<void> {
    const { channel, log, signal } = this.#options;
    try {
      await channel.begin(place);
      const text = await this.#start(place);
      await this.#follow(place, text);
    } catch (error) {
      if (signal.aborted) throw error;
      log.write("error", `A message could not be worked on: ${messageOf(error)}`, { run_id: place.turn.runId });
      await channel.say(place, `This could not be done: ${messageOf(error)}`).catch((failed: unknown) => {
        if (signal.aborted) throw failed;
      });
    } finally {
      await channel.end(place).catch(() => undefined);
    }
  }

  async #start({ conversation, turn }: Place): Promise<string> {
    const { sdk, gateway, channel, keeper, signal } = this.#options;
    if (turn.body === null) {
      const { text, attachments } = await channel.prepare(turn.message, conversation.sessionId);
      turn.body = this.#body(conversation, text, attachments);
      await keeper.save();
    }
    const { body } = turn;
    if (turn.runId === null) {
      const options = { idempotencyKey: turn.message.key };
      turn.runId = await gateway.persist(signal, () => sdk.start(body, options));
      turn.cursors[turn.runId] = 0;
      await keeper.save();
    }
    return promptOf(body);
  }

  #body({ sessionId, history }: Conversation, text: string, attachments: JsonObject[]): StartBody {
    const { bundleId, flowId, provider, model, maxHistoryMessages } = this.#options.settings;
    const messages = maxHistoryMessages === 0 ? [] : history.slice(-maxHistoryMessages);
    return {
      bundle_id: bundleId,
      ...(flowId === null ? {} : { flow_id: flowId }),
      session_id: sessionId,
      input_data: {
        prompt: text,
        use_context: true,
        context: { messages: messages.map((each) => ({ ...each })), attachments },
        ...(provider === null ? {} : { provider }),
        ...(model === null ? {} : { model }),
      },
    };
  }

  async #follow(place: Place, prompt: string): Promise<void> {
    const { sdk, gateway, channel, keeper, signal, onWait } = this.#options;
    const { turn, conversation } = place;
    const said: string[] = [];
    const deltas = new Map<string, string>();
    let output: Value = null;
    await gateway.persist(signal, () =>
      followTurn(sdk, turn as Turn & { runId: string }, {
        signal,
        save: () => keeper.save(),
        events: {
          delta: ({ step_id, text }) => {
            deltas.set(step_id, (deltas.get(step_id) ?? "") + text);
            channel.live(place, deltas.get(step_id) ?? "");
          },
          record: async (runId, record) => {
            if (runId === turn.runId && record.effect === null && isObject(record.result)) {
              output = record.result["output"] ?? output;
            }
            const text = answerText(record);
            if (text === null) return;
            await channel.say(place, text);
            turn.spoken++;
            said.push(text);
          },
          waits: onWait,
        },
      }),
    );
    const last = await this.#conclude(place, output);
    if (last !== null) said.push(last);
    remember(conversation, [
      { role: "user", content: prompt },
      ...said.map((content) => ({ role: "assistant" as const, content })),
    ]);
  }

  /** Says how it ended, unless the run has spoken for itself. */
  async #conclude(place: Place, seen: Value): Promise<string | null> {
    const { sdk, gateway, channel, signal } = this.#options;
    const { turn } = place;
    const runId = turn.runId ?? "";
    const run = await gateway.persist(signal, () => sdk.get(runId));
    const output = await this.#whole(runId, seen ?? (await this.#outputOf(runId)));
    const said = run.status === "completed" ? outputText(output) : null;
    const sentence = { cancelled: "Cancelled.", failed: `It failed: ${run.error ?? "the ledger says why"}` };
    const text = run.status === "failed" || run.status === "cancelled" ? sentence[run.status] : said;
    const isNews = run.status !== "completed" || turn.spoken === 0;
    if (isNews) {
      await channel.say(place, text ?? "Done.");
      turn.spoken++;
    }
    if (run.status === "completed") await this.#sendFiles(place, output);
    return isNews ? (text ?? "Done.") : null;
  }

  async #sendFiles(place: Place, output: Value): Promise<void> {
    const { sdk, gateway, channel, signal, keeper } = this.#options;
    const sent = new Set(Array.isArray(place.turn.shown["files"]) ? (place.turn.shown["files"] as string[]) : []);
    for (const { artifactId, name, contentType } of outputFiles(output)) {
      if (sent.has(artifactId)) continue;
      const bytes = await gateway.persist(signal, () => sdk.artifact(place.turn.runId ?? "", artifactId));
      await channel.file(place, { name, contentType, bytes });
      place.turn.shown["files"] = [...sent.add(artifactId)];
      await keeper.save();
    }
  }

  /** The output of a run whose end was seen by the process before. */
  async #outputOf(runId: string): Promise<Value> {
    const { sdk, gateway, signal } = this.#options;
    return gateway.persist(signal, async () => {
      let output: Value = null;
      for await (const { record } of sdk.ledger(runId)) {
        if (record.effect === null && isObject(record.result)) output = record.result["output"] ?? output;
      }
      return output;
    });
  }

  /** A large output is an artifact. */
  async #whole(runId: string, output: Value): Promise<Value> {
    const reference = isObject(output) && Object.keys(output).length <= 4 ? output["$artifact"] : undefined;
    if (typeof reference !== "string") return output;
    const { sdk, gateway, signal } = this.#options;
    const bytes = await gateway.persist(signal, () => sdk.artifact(runId, reference));
    try {
      return parseJson(new TextDecoder().decode(bytes));
    } catch {
      return output;
    }
  }
}

function newTurn(message: Message): Turn {
  return { message, body: null, runId: null, cursors: {}, spoken: 0, shown: {} };
}

function promptOf(body: StartBody): string {
  const prompt = body.input_data?.["prompt"];
  if (typeof prompt !== "string") throw new AppError("internal", "A start has no prompt.");
  return prompt;
}

const maxKept = 200;

function remember(conversation: Conversation, turns: Conversation["history"]): void {
  const kept = turns.map(({ role, content }) => ({ role, content: content.slice(0, maxHistoryChars) }));
  conversation.history = [...conversation.history, ...kept].slice(-maxKept);
}
