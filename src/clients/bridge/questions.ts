import { messageOf } from "#core/errors.ts";
import type { Log } from "#core/log.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { GatewayClient } from "#sdk/client.ts";
import type { CommandOutcome } from "#core/command.ts";
import { SdkError } from "#sdk/sdk-error.ts";
import { type Question as Asked, openQuestion } from "#sdk/question.ts";
import type { RunSummary } from "#sdk/wire.ts";
import type { Question, StateKeeper } from "#clients/bridge/bridge-state.ts";
import type { Channel } from "#clients/bridge/channel.ts";
import { type Server, pause } from "#clients/bridge/persist.ts";

export interface QuestionsOptions {
  sdk: GatewayClient;
  gateway: Server;
  keeper: StateKeeper;
  channel: Channel;
  log: Log;
  signal: AbortSignal;
  everyMs: number;
  hasLinks: boolean;
}

const maxRuns = 500;
const maxRecords = 50;

/**
 * Every open question of the bridge's principal, whoever started the run: shown where it belongs, and taken back when it was answered,
 * here or anywhere else.
 */
export class Questions {
  #options: QuestionsOptions;
  #nudge = Promise.withResolvers<void>();
  #looking: Promise<void> = Promise.resolve();

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /** Looks now, not only when it is time. */
  nudge(): void {
    this.#nudge.resolve();
  }

  /** Until the signal aborts. */
  async run(): Promise<void> {
    const { signal, gateway, everyMs, log } = this.#options;
    while (!signal.aborted) {
      this.#nudge = Promise.withResolvers();
      const { promise } = this.#nudge;
      this.#looking = gateway
        .persist(signal, () => this.#look())
        .catch((error: unknown) => {
          if (!signal.aborted) log.write("error", `Open questions cannot be looked for: ${messageOf(error)}`);
        });
      await this.#looking;
      const timer = new AbortController();
      await Promise.race([pause(everyMs, AbortSignal.any([signal, timer.signal])), promise]);
      timer.abort();
    }
  }

  find(token: string): Question | null {
    return this.#options.keeper.state.questions.find((each) => each.token === token) ?? null;
  }

  /** The newest one that is open in a conversation. */
  newest(conversationId: string, fits: (question: Question) => boolean = () => true): Question | null {
    const own = (each: Question) => each.conversationId === conversationId && fits(each);
    return this.#options.keeper.state.questions.findLast(own) ?? null;
  }

  /** Answers a question; the same command id again changes nothing. Null when nobody has applied it yet. */
  async answer(question: Question, payload: JsonObject, commandId: string): Promise<CommandOutcome | null> {
    const { sdk, gateway, channel, signal } = this.#options;
    const { runId: run_id, waitKey: wait_key } = question;
    const { clientId: client_id } = channel;
    const body = { run_id, type: "resume" as const, command_id: commandId, client_id, payload: { wait_key, payload } };
    const outcome = await gateway.persist(signal, async () => {
      await sdk.command(body);
      return (await sdk.outcome(commandId)).outcome;
    });
    this.nudge();
    return outcome;
  }

  async #look(): Promise<void> {
    const { sdk, keeper } = this.#options;
    const runs = await sdk.list({ status: "waiting", limit: maxRuns });
    const found = runs.map(openOf).filter((each) => each !== null);
    const open = new Map(found.map((each) => [idOf(each), each]));
    for (const question of keeper.state.questions.filter(({ id }) => !open.has(id))) {
      if (runs.length < maxRuns || (await this.#isClosed(question))) await this.#close(question);
    }
    for (const [id, each] of open) await this.#ask(id, each);
  }

  /** Among so many waiting runs that the list does not show all. */
  async #isClosed({ runId, waitKey }: Question): Promise<boolean> {
    const run = await this.#options.sdk.get(runId);
    return openOf(run)?.waitKey !== waitKey;
  }

  async #ask(id: string, open: Open): Promise<void> {
    const { channel, keeper, sdk, hasLinks } = this.#options;
    const question = keeper.state.questions.find((each) => each.id === id) ?? (await this.#reserve(id, open));
    if (!question || question.isAsked) return;
    const { run, asked, waitKey } = open;
    // It may be answered meanwhile; the next look sees that.
    const link = hasLinks ? await sdk.answerLink(run.run_id, waitKey).catch(() => null) : null;
    await channel.ask({ question, asked, run, link: link?.url ?? null });
    question.isAsked = true;
    await keeper.save();
  }

  async #reserve(id: string, { run, asked, waitKey }: Open): Promise<Question | null> {
    const { channel, keeper } = this.#options;
    const conversationId = channel.destinationOf(run);
    if (conversationId === null) return null;
    const token = Bun.SHA256.hash(id, "hex").slice(0, 12);
    const { choices, isApproval, allowFreeText } = asked;
    const question: Question = {
      id,
      token,
      runId: run.run_id,
      waitKey,
      cursor: run.ledger_len ?? 0,
      conversationId,
      isConsent: isApproval,
      choices,
      allowsText: choices.length === 0 || allowFreeText,
      shown: await channel.reserve(conversationId, token),
      isAsked: false,
    };
    keeper.state.questions.push(question);
    await keeper.save();
    return question;
  }

  async #close(question: Question): Promise<void> {
    const { channel, keeper } = this.#options;
    const sentence = await this.#howAnswered(question);
    if (sentence === null && (await this.#isUnderWay(question))) return;
    await channel.closed(question, sentence ?? "No longer open.");
    keeper.state.questions = keeper.state.questions.filter(({ id }) => id !== question.id);
    await keeper.save();
  }

  /** The record of a consent follows what was consented to: until then nobody can tell who it was. */
  async #isUnderWay({ runId }: Question): Promise<boolean> {
    const run = await this.#options.sdk.get(runId).catch((error: unknown) => {
      if (error instanceof SdkError && error.status === 404) return null;
      throw error;
    });
    return run?.status === "running";
  }

  /** What the ledger tells of the answer; null when it does not, or not yet. */
  async #howAnswered({ runId, waitKey, cursor }: Question): Promise<string | null> {
    const page = await this.#options.sdk
      .ledgerPage(runId, { after: cursor, limit: maxRecords })
      .catch(() => ({ items: [] }));
    for (const { effect, result } of page.items) {
      const payload = effect?.type === "resume" ? effect.payload : null;
      if (!isObject(payload) || payload["wait_key"] !== waitKey) continue;
      return sentenceOf(payload["payload"], isObject(result) ? result["by"] : undefined);
    }
    return null;
  }
}

interface Open {
  run: RunSummary;
  asked: Asked;
  waitKey: string;
}

/** A run that asks somebody something under a name. */
function openOf(run: RunSummary): Open | null {
  const asked = openQuestion(run);
  return asked === null || asked.waitKey === null ? null : { run, asked, waitKey: asked.waitKey };
}

function idOf({ run, waitKey }: Open): string {
  return `${run.run_id} ${waitKey} ${run.ledger_len ?? ""}`;
}

const maxShownChars = 200;

function sentenceOf(payload: Value | undefined, by: Value | undefined): string {
  const said = isObject(payload) ? payload : {};
  const response = said["response"];
  const what =
    said["approved"] === true
      ? "Approved"
      : said["approved"] === false
        ? "Denied"
        : typeof response === "string"
          ? `Answered “${response.slice(0, maxShownChars)}”`
          : "Answered";
  if (!isObject(by)) return `${what}.`;
  const principal = typeof by["principal"] === "string" ? by["principal"] : "somebody";
  const client = typeof by["client_id"] === "string" ? ` (${by["client_id"]})` : "";
  return `${what} by ${principal}${client}.`;
}
