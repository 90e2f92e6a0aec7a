import type { EffectOutcome } from "#core/effect.ts";
import { messageOf } from "#core/errors.ts";
import type { Mail } from "#core/mail.ts";
import type { StepRecord } from "#core/record.ts";
import { type Clock, isoTime } from "#core/time.ts";
import type { Value } from "#core/value.ts";
import { advance, endRun } from "#engine/advance.ts";
import type { Input, PendingEffect, Step } from "#engine/engine.ts";
import type { EffectHandler, Effected } from "#effects/effect-handler.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { type CommitDependencies, commitSession } from "#runner/commit.ts";
import { applyWrites } from "#runner/effect-writes.ts";
import { Errands } from "#runner/errands.ts";
import { applyMail, writeNotes } from "#runner/inbox.ts";
import { type EffectRunner, effectContext } from "#runner/effect-runner.ts";
import { tellFamily } from "#runner/family.ts";
import { progressOf } from "#runner/progress.ts";
import type { RunSession } from "#runner/session.ts";
import type { Slots } from "#runner/slots.ts";

/** Named moments at which a test lets the process die. Does nothing in service. */
type CrashPointName =
  "before-commit" | "after-commit" | "before-fire" | "after-fire" | "effect-started" | "effect-done";
export type CrashPoint = (name: CrashPointName) => void;

export interface ActorDependencies {
  ledger: Ledger;
  handlers: ReadonlyMap<string, EffectHandler>;
  effects: EffectRunner;
  commit: CommitDependencies;
  slots: Slots;
  slice: { maxRecords: number; ms: number };
  now: Clock;
  crashPoint: CrashPoint;
  /** True when the runner stops: the actor commits what it has and leaves. */
  isStopping: () => boolean;
}

/** More unread mail than this is read in a later round. */
const mailPage = 10_000;

/**
 * The single writer of one run. It applies mail between two steps, lets the engine advance in slices, carries out effects and commits.
 * It holds a working slot only while it computes, never while it waits for the world.
 */
export class RunActor {
  readonly session: RunSession;
  #deps: ActorDependencies;
  #errands: Errands;
  #hasMail: boolean;
  #wakeUp: (() => void) | null = null;
  #inFlight: Flight | null = null;
  #committing: Promise<unknown> = Promise.resolve();
  /** What the provider asked us to wait before the next attempt. */
  #retryAfterMs = 0;

  constructor(session: RunSession, deps: ActorDependencies, hasMail: boolean) {
    this.session = session;
    this.#errands = new Errands(session, deps.handlers.get("memory_compact") ?? null);
    this.#deps = deps;
    this.#hasMail = hasMail;
  }

  /** Somebody wrote to the run, or its time has come. */
  wake(): void {
    this.#hasMail = true;
    this.#wakeUp?.();
  }

  get hasMail(): boolean {
    return this.#hasMail;
  }

  /** The runner stops: effects in flight are aborted without an outcome; the next process asks again. */
  abort(): void {
    this.#inFlight?.abort("shutdown");
    this.#errands.abort();
    this.#wakeUp?.();
  }

  /** Works until there is nothing to do. Called while holding a slot; returns holding it. Throws when a commit failed: the session is then void. */
  async work(): Promise<void> {
    do {
      await this.#workOnce();
      await this.#flush();
    } while (this.#hasMail && !this.session.isTerminal && !this.#deps.isStopping());
  }

  async #workOnce(): Promise<void> {
    while (!this.session.isTerminal && (!this.#deps.isStopping() || this.#inFlight || this.#errands.isBusy)) {
      const input = (await this.#readInbox()) ?? this.#nextInput();
      if (input) await this.#advance(input);
      else if (this.#inFlight || this.#errands.isBusy) await this.#awaitWorld(this.#inFlight);
      else if (!this.#hasMail) return;
    }
  }

  /** Ends the run with mail that asks for nothing else. */
  async end(mail: Mail): Promise<void> {
    this.session.inbox = (await this.#readMail()).filter(({ id }) => id !== mail.id);
    const action = applyMail(this.session, mail);
    if (action.kind === "cancel") await this.#cancel(action.reason);
    await this.#flush();
  }

  /** Ends the run because the engine itself raised: a defect, kept visible in the run's own ledger. */
  async fail(message: string): Promise<void> {
    const { execution } = this.session;
    execution.records.push(crashRecord(this.session, message));
    execution.pending = null;
    endRun(execution, "failed", message);
    await this.#finish("failed", { output: null, error: message });
    await this.#flush();
  }

  /** Reads new mail and applies what can be applied, up to the first piece that needs the engine. */
  async #readInbox(): Promise<Input | null> {
    const { session } = this;
    if (this.#hasMail) session.inbox = await this.#readMail();
    for (const mail of session.inbox.slice()) {
      if (session.isTerminal) break;
      const action = applyMail(session, mail);
      if (action.kind === "hold") continue;
      if (action.kind === "errand") {
        if (this.#errands.isBusy) continue;
        this.#errands.start({ kind: "command", mail: action.mail });
      }
      session.inbox.splice(session.inbox.indexOf(mail), 1);
      if (action.kind === "input") return action.input;
      if (action.kind === "pass") await tellFamily(this.#deps.ledger, session, action.action, null);
      if (action.kind === "cancel") await this.#cancel(action.reason);
    }
    return null;
  }

  async #readMail(): Promise<RunSession["inbox"]> {
    this.#hasMail = false;
    await this.#committing;
    const drafted = new Set(this.session.draft.consumed);
    const mail = await this.#deps.ledger.readMail(this.session.run.run_id, mailPage);
    return mail.filter((each) => !drafted.has(each.id));
  }

  async #cancel(reason: string | null): Promise<void> {
    const { session } = this;
    this.#inFlight?.abort("cancelled");
    this.#inFlight = null;
    await tellFamily(this.#deps.ledger, session, "cancel", reason);
    endRun(session.execution, "cancelled", reason ?? "Cancelled");
    await this.#finish("cancelled", { output: null, error: reason ?? "Cancelled" });
  }

  /** What the engine should do next without being told by mail. */
  #nextInput(): Input | null {
    const { session } = this;
    if (session.isTerminal || session.isPaused || this.#inFlight) return null;
    if (session.isDue(this.#deps.now())) return { kind: "timer" };
    if (session.status !== "running") return null;
    const { pending, vars } = session.execution;
    if (!pending) return { kind: "continue" };
    const held = vars.peek("_temp", "held") as unknown as EffectOutcome | undefined;
    if (held) {
      vars.delete(["_temp", "held"]);
      return this.#settled(held);
    }
    return this.#interrupted(pending);
  }

  /** The process died over this effect, or a fork began over it. What happens is the stated policy of its type. */
  #interrupted({ forked, ...pending }: PendingEffect): Input {
    const { effect } = pending;
    const policy = this.#deps.handlers.get(effect.type)?.onInterrupted;
    const error = forked
      ? "The effect was under way where this run was forked"
      : "The process ended while this effect was under way";
    const decided = typeof policy === "function" ? policy(effect) : policy;
    if (decided === "retry") return forked ? { kind: "reopen" } : { kind: "retry", error };
    this.session.execution.pending = pending;
    if (typeof decided === "object") return this.#settled(decided);
    return this.#settled({ status: "failed", error: `${error}; its outcome is unknown` });
  }

  #settled(outcome: EffectOutcome): Input {
    this.session.execution.vars.delete(["_temp", "pending"]);
    return { kind: "outcome", outcome };
  }

  async #advance(first: Input): Promise<void> {
    const { session } = this;
    const { slice, now } = this.#deps;
    let input: Input | null = first;
    // What came from outside is committed with its own state, so that a fork can go on from just after it.
    let maxRecords = first.kind === "outcome" || first.kind === "resume" ? 0 : slice.maxRecords;
    while (input) {
      session.status = "running";
      session.draft.touched = true;
      const budget = { maxRecords, maxNodes: 10_000, untilMs: now() + slice.ms };
      const step: Step = advance(session.execution, input, budget);
      input = await this.#follow(step);
      if (step.kind === "yield" && maxRecords === 0) input = { kind: "continue" };
      else if (step.kind === "yield") await this.#giveWay();
      maxRecords = slice.maxRecords;
    }
  }

  /** Does what the engine stopped for. Answers the next input when the engine can go on at once. */
  async #follow(step: Step): Promise<Input | null> {
    const { session } = this;
    switch (step.kind) {
      case "effect":
        return this.#startEffect();
      case "wait": {
        session.status = "waiting";
        const key = session.execution.wait?.wait_key;
        if (key?.startsWith("evt:")) session.draft.listens.push(key);
        if (session.execution.records.length >= this.#deps.slice.maxRecords) await this.#commit();
        return null;
      }
      case "yield":
        await this.#commit();
        return null;
      case "end":
        await this.#finish(step.status, step);
        return null;
    }
  }

  /** Lets those who wait for a slot go first. */
  async #giveWay(): Promise<void> {
    if (this.#deps.slots.waiting === 0) return;
    this.#deps.slots.release();
    await this.#deps.slots.acquire();
  }

  async #finish(
    status: "completed" | "failed" | "cancelled",
    { output, error }: { output: Value; error: string | null },
  ): Promise<void> {
    const { session } = this;
    this.#errands.end();
    session.status = status;
    session.output = output;
    session.error = error;
    session.draft.touched = true;
    if (this.#hasMail) session.inbox = await this.#readMail();
    writeNotes(session);
    if (session.run.parent_run_id) {
      const { run_id, parent_run_id } = session.run;
      session.draft.mail.push({ run_id: parent_run_id, kind: "child", child_run_id: run_id, status, output, error });
    }
    if (session.execution.plan.listeners.length > 0 && !session.run.parent_run_id) {
      await tellFamily(this.#deps.ledger, session, "end", "The root run ended");
    }
    await this.#commit();
  }

  async #startEffect(): Promise<Input | null> {
    const { session } = this;
    const { pending } = session.execution;
    if (!pending) throw new Error("the engine asked for an effect without one");
    const handler = this.#deps.handlers.get(pending.effect.type);
    if (!handler) {
      return { kind: "outcome", outcome: { status: "failed", error: `No handler for ${pending.effect.type}` } };
    }
    if (!handler.world) {
      const effected = await handler.run(pending.effect, effectContext(session, new AbortController().signal));
      this.#take(effected);
      return { kind: "outcome", outcome: effected.outcome };
    }
    session.execution.vars.set(["_temp", "pending"], { ...pending } as unknown as Value);
    await this.#flush();
    this.#deps.crashPoint("effect-started");
    const onProgress = progressOf(session, pending, {
      isUnderWay: () => this.#inFlight?.result === null,
      wake: () => this.#wakeUp?.(),
    });
    const attempt = { minDelayMs: this.#retryAfterMs, onProgress };
    this.#inFlight = new Flight(this.#deps.effects.run(handler, session, attempt));
    this.#retryAfterMs = 0;
    return null;
  }

  /** Waits for the effect, an errand or a wake-up, whichever is first, without a slot. */
  async #awaitWorld(flight: Flight | null): Promise<void> {
    // What an effect tells of its progress meanwhile belongs to the next commit.
    do await this.#flush();
    while (this.session.execution.records.length > 0);
    this.#deps.slots.release();
    const wakeUp = new Promise<void>((resolve) => (this.#wakeUp = resolve));
    await Promise.race([wakeUp, ...(flight ? [flight.done] : []), ...this.#errands.waits()]);
    this.#wakeUp = null;
    await this.#deps.slots.acquire();
    this.#errands.land((effected) => this.#take(effected));
    if (!flight?.result || this.#inFlight !== flight) return;
    this.#inFlight = null;
    if (flight.result === "shutdown") return;
    await this.#land(flight.result);
  }

  async #land(effected: Effected): Promise<void> {
    const { session } = this;
    const { outcome } = effected;
    this.#deps.crashPoint("effect-done");
    this.#take(effected);
    this.#errands.startWhenOverfull();
    const pending = session.execution.pending;
    const handler = pending && this.#deps.handlers.get(pending.effect.type);
    if (session.isPaused) {
      session.execution.vars.set(["_temp", "held"], outcome as unknown as Value);
      return;
    }
    const again = outcome.status === "failed" && outcome.retryable && pending && handler;
    if (again && pending.attempt < handler.retry.attempts) {
      this.#retryAfterMs = (outcome.retry_after_s ?? 0) * 1000;
      await this.#advance({ kind: "retry", error: outcome.error });
    } else await this.#advance(this.#settled(outcome));
  }

  #take(effected: Effected): void {
    const { draft, execution } = this.session;
    draft.starts.push(...(effected.starts ?? []));
    draft.mail.push(...(effected.mail ?? []));
    draft.artifacts.push(...(effected.artifacts ?? []));
    draft.memory.push(...(effected.memory ?? []));
    applyWrites(execution.vars, effected.writes ?? []);
  }

  /** Sends the draft; waits only for the batch before it, so that computing and writing overlap. */
  async #commit(): Promise<void> {
    const before = this.#committing;
    if (this.session.isDirty) this.#deps.crashPoint("before-commit");
    // The child run of a schedule comes to be with the commit in which the schedule uses up its time.
    const fires = this.session.run.schedule_id !== null && this.session.draft.starts.length > 0;
    if (fires) this.#deps.crashPoint("before-fire");
    const sent = await commitSession(this.session, this.#deps.commit);
    if (!sent) return;
    this.#committing = sent.done;
    // Its failure is met at the next await; this keeps the runtime from reporting it as unhandled meanwhile.
    sent.done.then(
      () => fires && this.#deps.crashPoint("after-fire"),
      () => undefined,
    );
    await before;
  }

  async #flush(): Promise<void> {
    await this.#commit();
    await this.#committing;
    this.#deps.crashPoint("after-commit");
  }
}

/** An effect under way. */
class Flight {
  readonly done: Promise<void>;
  readonly abort: (reason: "cancelled" | "shutdown") => void;
  result: Effected | "shutdown" | null = null;

  constructor(running: { result: Promise<Effected | "shutdown">; abort: (reason: "cancelled" | "shutdown") => void }) {
    this.abort = running.abort;
    this.done = running.result.then(
      (result) => {
        this.result = result;
      },
      (error: unknown) => {
        this.result = { outcome: { status: "failed", error: messageOf(error) } };
      },
    );
  }
}

function crashRecord({ run, execution }: RunSession, message: string): StepRecord {
  const at = isoTime(execution.now());
  return {
    run_id: run.run_id,
    step_id: execution.newId(),
    node_id: execution.node_id,
    status: "failed",
    effect: null,
    result: null,
    error: message,
    started_at: at,
    ended_at: at,
    actor_id: run.actor_id,
    session_id: run.session_id,
    attempt: 1,
    idempotency_key: `system:tick_exception:${run.run_id}`,
  };
}
