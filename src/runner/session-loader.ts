import { restoreVars } from "#core/delta.ts";
import { AppError, messageOf } from "#core/errors.ts";
import { parseObject } from "#core/json.ts";
import type { JsonObject } from "#core/value.ts";
import { type Run, isTerminal } from "#core/run.ts";
import type { Plan } from "#engine/plan.ts";
import type { Ledger } from "#ledger/ledger.ts";
import type { FreshRun } from "#runner/start.ts";
import { RunSession, type SessionEnvironment } from "#runner/session.ts";

export interface LoaderOptions {
  ledger: Ledger;
  loadPlan: (digest: string, workflowId: string) => Promise<Plan>;
  now: SessionEnvironment["now"];
  newId: SessionEnvironment["newId"];
  random: SessionEnvironment["random"];
  engine: SessionEnvironment["options"];
}

/** Waiting runs live in their rows; the last few small ones are also kept here, so that an answer to a question is quick. */
const maxKept = 256;
const maxKeptBytes = 64 * 1024;

/** Brings runs into memory: from a start of this process, from the few that were kept, else from the ledger. */
export class SessionLoader {
  #options: LoaderOptions;
  #environment: SessionEnvironment;
  #warm = new Map<string, FreshRun>();
  #kept = new Map<string, RunSession>();

  constructor(options: LoaderOptions) {
    this.#options = options;
    const { now, newId, random, engine } = options;
    this.#environment = { now, newId, random, options: engine };
  }

  /** A run that was just started here: its first step needs no read. */
  warm(start: FreshRun): void {
    this.#warm.set(start.run.run.run_id, start);
  }

  /** Keeps a waiting run's session. */
  keep(session: RunSession): void {
    if (session.isTerminal || session.snapshotBytes + session.deltaBytes > maxKeptBytes) return;
    if (session.execution.pending) return;
    this.#kept.set(session.run.run_id, session);
    if (this.#kept.size <= maxKept) return;
    const oldest = this.#kept.keys().next().value;
    if (oldest !== undefined) this.#kept.delete(oldest);
  }

  forget(runId: string): void {
    this.#kept.delete(runId);
    this.#warm.delete(runId);
  }

  forgetAll(): void {
    this.#kept.clear();
    this.#warm.clear();
  }

  /** A run whose workflow is gone, with a plan that leads nowhere: good for nothing but being cancelled. Null when it is over. */
  async loadWithoutWorkflow(runId: string): Promise<RunSession | null> {
    this.forget(runId);
    const { ledger } = this.#options;
    const run = await ledger.getRun(runId);
    const state = run && !isTerminal(run.status) ? await ledger.readState(runId) : null;
    if (!run || !state) return null;
    return new RunSession(run, emptyPlan(run), restoreVars(state.snapshot, state.deltas), this.#environment);
  }

  /** Null when the run is unknown or over. AppError `gone` when its workflow cannot be loaded. */
  async load(runId: string): Promise<RunSession | null> {
    const kept = this.#kept.get(runId);
    if (kept) {
      this.#kept.delete(runId);
      return kept;
    }
    const warm = this.#warm.get(runId);
    if (warm) {
      this.#warm.delete(runId);
      const { run, vars } = warm.run;
      return this.#session({ ...run, head_seq: 0, head_hash: null, epoch: 0 }, warm.vars, vars.length);
    }
    const run = await this.#options.ledger.getRun(runId);
    if (!run || isTerminal(run.status)) return null;
    const state = await this.#options.ledger.readState(runId);
    if (!state) throw new AppError("storage", `The state of run ${runId} is missing`);
    const { snapshot, deltas } = state;
    const vars = deltas.length === 0 ? parseObject(snapshot) : restoreVars(snapshot, deltas);
    const session = await this.#session(run, vars, snapshot.length);
    session.deltaBytes = deltas.reduce((sum, delta) => sum + delta.length, 0);
    return session;
  }

  async #session(run: Run, vars: JsonObject, snapshotBytes: number): Promise<RunSession> {
    const session = new RunSession(run, await this.#plan(run), vars, this.#environment);
    session.snapshotBytes = snapshotBytes;
    return session;
  }

  async #plan(run: Run): Promise<Plan> {
    try {
      return await this.#options.loadPlan(run.bundle_digest ?? "", run.workflow_id);
    } catch (error) {
      // A disk that cannot be read for a moment says nothing about the workflow.
      if (error instanceof AppError && error.code === "storage") throw error;
      throw new AppError("gone", `The workflow '${run.workflow_id}' cannot be loaded: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}

function emptyPlan({ workflow_id, node_id }: Run): Plan {
  return {
    workflow_id,
    flow_id: workflow_id,
    entry: node_id,
    nodes: new Map(),
    literals: new Map(),
    listeners: [],
    inputs: [],
    warnings: [],
  };
}
