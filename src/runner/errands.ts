import type { EffectHandler, Effected } from "#effects/effect-handler.ts";
import { canWrite } from "#runner/effect-writes.ts";
import { Errand, type ErrandReason, overfullTokens } from "#runner/errand.ts";
import type { RunSession } from "#runner/session.ts";

/** The errands of one run, one at a time: its conversation is made shorter, on command or when it fills its window. */
export class Errands {
  #session: RunSession;
  /** Null where this gateway cannot do it. */
  #handler: EffectHandler | null;
  #current: Errand | null = null;

  constructor(session: RunSession, handler: EffectHandler | null) {
    this.#session = session;
    this.#handler = handler;
  }

  get isBusy(): boolean {
    return this.#current !== null;
  }

  start(reason: ErrandReason): void {
    if (this.#handler) this.#current = new Errand(this.#session, this.#handler, reason);
    else if (reason.kind === "command") {
      this.#session.consume(reason.mail, { status: "refused", message: "Conversations cannot be compacted here" });
    }
  }

  startWhenOverfull(): void {
    if (this.#current || !this.#handler) return;
    const tokens = overfullTokens(this.#session);
    if (tokens !== null) this.start({ kind: "automatic", tokens });
  }

  waits(): Promise<void>[] {
    return this.#current ? [this.#current.done] : [];
  }

  /** Without an outcome: a command stays unread, and whoever goes on with the run does it again. */
  abort(): void {
    this.#current?.abort();
  }

  /** The run is over: what is under way has nothing to write to any more, and whoever commanded it is told. */
  end(): void {
    const errand = this.#current;
    this.#current = null;
    errand?.abort();
    if (errand?.reason.kind !== "command") return;
    this.#session.consume(errand.reason.mail, { status: "ignored", message: "The run ended before it was done" });
  }

  /** What came back joins the run's next commit: its writes, its record, and the end of the command. */
  land(take: (effected: Effected) => void): void {
    const errand = this.#current;
    if (!errand?.effected) return;
    this.#current = null;
    if (errand.isAborted) return;
    const { execution, draft } = this.#session;
    if (!canWrite(execution.vars, errand.effected.writes ?? []))
      errand.refuse("The conversation was changed meanwhile");
    if (errand.effected.outcome.status === "completed") take(errand.effected);
    execution.records.push(errand.record(this.#session, this.#handler?.type ?? ""));
    draft.touched = true;
    if (errand.reason.kind === "command") this.#session.consume(errand.reason.mail, errand.commandOutcome());
    else {
      const isDone = errand.effected.outcome.status === "completed";
      execution.vars.set(["_runtime", "last_auto_compact"], { tokens: errand.reason.tokens, is_done: isDone });
    }
  }
}
