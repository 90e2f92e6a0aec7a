import { AppError, messageOf } from "#core/errors.ts";
import type { NewId } from "#core/ids.ts";
import type { Report } from "#core/log.ts";
import type { Clock } from "#core/time.ts";
import type { EffectHandler } from "#effects/effect-handler.ts";
import type { EngineOptions } from "#engine/engine.ts";
import type { Plan } from "#engine/plan.ts";
import type { Committed, Ledger, Notice } from "#ledger/ledger.ts";
import { type ActorDependencies, type CrashPoint, RunActor } from "#runner/actor.ts";
import type { OffloadRecord } from "#runner/commit.ts";
import { Deltas } from "#runner/deltas.ts";
import { createEffectRunner } from "#runner/effect-runner.ts";
import { createEmitRouter } from "#runner/emit-router.ts";
import { LeaseKeeper } from "#runner/lease-keeper.ts";
import { isCancel } from "#runner/inbox.ts";
import type { RunSession } from "#runner/session.ts";
import { SessionLoader } from "#runner/session-loader.ts";
import type { RunWatch } from "#runner/run-watch.ts";
import type { Delta, Runner, RunnerStatus } from "#runner/runner.ts";
import { Slots } from "#runner/slots.ts";
import type { FreshRun } from "#runner/start.ts";
import { Timers } from "#runner/timers.ts";

export interface RunnerOptions {
  ledger: Ledger;
  handlers: ReadonlyMap<string, EffectHandler>;
  loadPlan: (digest: string, workflowId: string) => Promise<Plan>;
  offload: OffloadRecord;
  engine: EngineOptions;
  maxActiveRuns: number;
  maxEffects: number;
  slice: { maxRecords: number; ms: number };
  maxInlineBytes: number;
  leaseMs: number;
  graceMs: number;
  owner: string;
  lock: () => { release(): void } | null;
  now: Clock;
  newId: NewId;
  random: () => number;
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  crashPoint: CrashPoint;
  /** Is told of what becomes of runs. */
  watch?: RunWatch | null;
  /** Hears how long each run waited for its turn, ms. */
  onTurn?: (waitedMs: number) => void;
  /** The runner lease is ours. */
  onTaken?: () => void;
  /** No run of ours works any more: the lease is given up once this is done. */
  onDrained?: () => Promise<void>;
  /** Trouble that no caller sees: one sentence. */
  report: Report;
}

export interface AdoptingRunner extends Runner {
  /** Takes over a run whose first commit is on its way. */
  adopt(start: FreshRun, committed: Promise<Committed>): void;
}

const recoveryPage = 500;
const maxRetryDelayMs = 30_000;

export function createRunner(options: RunnerOptions): AdoptingRunner {
  return new ActorSystem(options);
}

/** Keeps one actor per run that has something to do, at most `maxActiveRuns` of them computing at a time, first come first served. */
class ActorSystem implements AdoptingRunner {
  #options: RunnerOptions;
  #slots: Slots;
  #loader: SessionLoader;
  /** Runs that somebody looks after; `null` while the session is still being loaded. */
  #actors = new Map<string, RunActor | null>();
  #wokenWhileLoading = new Set<string>();
  #adopted = new Set<string>();
  #failures = new Map<string, number>();
  #idle: (() => void)[] = [];
  #state: RunnerStatus["state"] = "stopped";
  #epoch = 0;
  #effects = 0;
  #deltas = new Deltas();
  #actorDependencies: ActorDependencies;
  #lease: LeaseKeeper;
  #timers: Timers;
  #emits: ReturnType<typeof createEmitRouter>;
  #unsubscribe: (() => void) | null = null;

  constructor(options: RunnerOptions) {
    const { ledger, now } = options;
    this.#options = options;
    this.#slots = new Slots(options.maxActiveRuns);
    this.#loader = new SessionLoader(options);
    this.#actorDependencies = this.#createActorDependencies();
    this.#timers = new Timers(ledger, now, (runId) => this.#wake(runId));
    this.#emits = createEmitRouter(ledger, now);
    this.#lease = new LeaseKeeper({
      ledger,
      name: "runner",
      owner: options.owner,
      leaseMs: options.leaseMs,
      lock: options.lock,
      onTaken: (epoch) => void this.#begin(epoch),
      onLost: () => this.#lose(),
    });
  }

  async start(): Promise<void> {
    this.#state = "standby";
    this.#unsubscribe = this.#options.ledger.subscribe((notice) => this.#onNotice(notice));
    await this.#lease.start();
  }

  async stop(): Promise<void> {
    if (this.#state === "stopped") return;
    this.#state = "draining";
    this.#unsubscribe?.();
    this.#timers.stop();
    const drained = this.#whenIdle();
    const timer = setTimeout(() => this.#abortAll(), this.#options.graceMs);
    await drained;
    clearTimeout(timer);
    await this.#options.onDrained?.();
    await this.#lease.stop();
    this.#state = "stopped";
  }

  status(): RunnerStatus {
    return {
      state: this.#state,
      epoch: this.#lease.epoch,
      activeRuns: this.#actors.size,
      queuedRuns: this.#slots.waiting,
      effectsInFlight: this.#effects,
    };
  }

  onDelta(runId: string, listener: (delta: Delta) => void): () => void {
    return this.#deltas.listen(runId, listener);
  }

  adopt(start: FreshRun, committed: Promise<Committed>): void {
    if (this.#state !== "running") return;
    const { run_id } = start.run.run;
    this.#adopted.add(run_id);
    // When the start is refused there will be no notice to clear the mark.
    committed.catch(() => this.#adopted.delete(run_id));
    this.#loader.warm(start);
    this.#wake(run_id, { hasMail: false });
  }

  #createActorDependencies(): ActorDependencies {
    const options = this.#options;
    const effects = createEffectRunner({
      slots: new Slots(options.maxEffects),
      sleep: options.sleep,
      random: options.random,
      count: (change) => (this.#effects += change),
      deltas: this.#deltas,
    });
    const { ledger, handlers, maxInlineBytes, offload, slice, now, crashPoint } = options;
    return {
      crashPoint,
      ledger,
      handlers,
      effects,
      commit: { ledger, epoch: 0, maxInlineBytes, offload, watch: options.watch ?? null },
      slots: this.#slots,
      slice,
      now,
      isStopping: () => this.#state !== "running",
    };
  }

  /** The lease is ours: take up everything that is unfinished. */
  async #begin(epoch: number): Promise<void> {
    this.#epoch = epoch;
    this.#actorDependencies.commit = { ...this.#actorDependencies.commit, epoch };
    this.#state = "running";
    this.#options.onTaken?.();
    try {
      await this.#timers.start();
      await this.#route();
      let after: Parameters<Ledger["pendingRuns"]>[0] = null;
      do {
        const page: Awaited<ReturnType<Ledger["pendingRuns"]>> = await this.#options.ledger.pendingRuns(
          after,
          recoveryPage,
        );
        for (const runId of page.runIds) this.#wake(runId);
        after = page.next;
        // A long list of unfinished runs is taken up in portions, so that it does not lie in memory as a whole.
        while (after && this.#slots.waiting > recoveryPage) await this.#options.sleep(20, new AbortController().signal);
      } while (after && this.#epoch === epoch);
    } catch (error) {
      this.#options.report(`Taking up unfinished runs failed: ${messageOf(error)}`);
    }
  }

  #lose(): void {
    this.#options.report("The runner lease was lost to another process; waiting to get it back");
    this.#state = "standby";
    this.#abortAll();
    this.#loader.forgetAll();
  }

  #onNotice(notice: Notice): void {
    if (this.#state !== "running") return;
    for (const runId of notice.started) if (!this.#adopted.delete(runId)) this.#wake(runId);
    for (const runId of notice.mail) this.#wake(runId);
    for (const update of notice.updates) if (update.wakeAtMs !== null) this.#timers.consider(update.wakeAtMs);
    if (notice.emits) void this.#route();
  }

  async #route(): Promise<void> {
    try {
      await this.#emits.run();
    } catch (error) {
      this.#options.report(`Delivering events failed: ${messageOf(error)}`);
      setTimeout(() => void this.#route(), 1000).unref();
    }
  }

  #wake(runId: string, { hasMail } = { hasMail: true }): void {
    if (this.#state !== "running") return;
    const actor = this.#actors.get(runId);
    if (actor) actor.wake();
    else if (actor === null) this.#wokenWhileLoading.add(runId);
    else {
      this.#actors.set(runId, null);
      void this.#look(runId, hasMail);
    }
  }

  /** One visit to a run, from loading to nothing left to do. */
  async #look(runId: string, hasMail: boolean): Promise<void> {
    const from = performance.now();
    await this.#slots.acquire();
    this.#options.onTurn?.(performance.now() - from);
    let more = false;
    try {
      more = await this.#work(runId, hasMail);
      this.#failures.delete(runId);
    } catch (error) {
      this.#loader.forget(runId);
      this.#retryLater(runId, error);
    } finally {
      this.#slots.release();
      this.#actors.delete(runId);
      if (this.#actors.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
      if (this.#wokenWhileLoading.delete(runId) || more) this.#wake(runId);
    }
  }

  async #work(runId: string, hasMail: boolean): Promise<boolean> {
    if (this.#state !== "running") return false;
    const session = await this.#load(runId);
    if (!session) return false;
    const actor = new RunActor(session, this.#actorDependencies, hasMail || this.#wokenWhileLoading.delete(runId));
    this.#actors.set(runId, actor);
    try {
      await actor.work();
    } catch (error) {
      if (error instanceof AppError) throw error;
      // Not an operating error, so the engine met something it cannot handle: the run ends visibly instead of being tried for ever.
      await actor.fail(`${error instanceof Error ? error.name : "Error"}: ${messageOf(error)}`);
    }
    this.#loader.keep(session);
    return actor.hasMail && !session.isTerminal;
  }

  async #load(runId: string): Promise<RunSession | null> {
    try {
      return await this.#loader.load(runId);
    } catch (error) {
      if (error instanceof AppError && error.code === "gone") await this.#cancelIfAsked(runId);
      throw error;
    }
  }

  /** A run whose workflow is gone waits until it is back, but whoever wants it to end must not wait for that. */
  async #cancelIfAsked(runId: string): Promise<void> {
    const mail = await this.#options.ledger.readMail(runId, 10_000);
    const cancel = mail.find(isCancel);
    const session = cancel ? await this.#loader.loadWithoutWorkflow(runId) : null;
    if (!cancel || !session) return;
    await new RunActor(session, this.#actorDependencies, false).end(cancel);
  }

  /** A full disk or a moved head: the memory of the run is void, the ledger is not. Try again, less and less often. */
  #retryLater(runId: string, error: unknown): void {
    const count = (this.#failures.get(runId) ?? 0) + 1;
    const isGone = error instanceof AppError && error.code === "gone";
    if (error instanceof AppError && !isGone && (error.code === "not_found" || count > 20)) {
      this.#failures.delete(runId);
      if (count > 20) this.#options.report(`Run ${runId} could not be advanced: ${error.message}`, { run_id: runId });
      return;
    }
    this.#failures.set(runId, count);
    if (count === 1) this.#options.report(`Run ${runId} is tried again: ${messageOf(error)}`, { run_id: runId });
    setTimeout(() => this.#wake(runId), Math.min(maxRetryDelayMs, 50 * 2 ** Math.min(count, 20))).unref();
  }

  #abortAll(): void {
    for (const actor of this.#actors.values()) actor?.abort();
  }

  #whenIdle(): Promise<void> {
    return this.#actors.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }
}
