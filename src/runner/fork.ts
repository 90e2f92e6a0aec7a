import { AppError, messageOf } from "#core/errors.ts";
import type { NewId } from "#core/ids.ts";
import { stringifyJson } from "#core/json.ts";
import { type ForkedFrom, type Run, type Wait, isTerminal } from "#core/run.ts";
import type { Clock } from "#core/time.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import type { Plan } from "#engine/plan.ts";
import type { Batch, Ledger, StartKey } from "#ledger/ledger.ts";
import { firstMoment } from "#runner/commit.ts";
import { type Begun, forkBirth } from "#runner/fork-birth.ts";
import { type ForkPoint, readForkPoint } from "#runner/fork-point.ts";
import { type Renaming, forkVars, forkWait, nodesInUse, withInput } from "#runner/fork-vars.ts";
import { newRun } from "#runner/new-run.ts";
import type { RunMoment, RunWatch } from "#runner/run-watch.ts";
import type { ForkRequest, ForkRun, StartRequest } from "#runner/runner.ts";
import { listenersOf } from "#runner/start.ts";

export interface ForkDependencies {
  ledger: Ledger;
  now: Clock;
  newId: NewId;
  /** Where runs have folders of their own, or null. */
  workspacesDir: string | null;
  loadPlan: (digest: string, workflowId: string) => Promise<Plan>;
  watch?: RunWatch | null;
}

export function createForkRun(deps: ForkDependencies): ForkRun {
  return async (request) => {
    const { idempotency } = request;
    // Before anything is looked at: the parent may have moved on since the first request.
    const known = idempotency && (await deps.ledger.getStartKey(idempotency.key, idempotency.principal));
    if (known) return earlier(deps.ledger, request, known);
    const batch: FamilyBatch = { starts: [], updates: [], mail: [] };
    const moments: RunMoment[] = [];
    const fork = await new Fork(deps, request, { batch, moments }).begin(request.parent);
    batch.starts.push(...moments.flatMap((moment) => deps.watch?.attach?.(moment) ?? []));
    if (idempotency) {
      const { key, principal, bodyHash } = idempotency;
      batch.startKey = { key, principal, body_hash: bodyHash, run_id: fork.run_id };
    }
    const { duplicate } = await deps.ledger.commit(batch);
    if (duplicate) return earlier(deps.ledger, request, duplicate);
    for (const moment of moments) deps.watch?.committed?.(moment);
    return { run_id: fork.run_id, forked_from: fork.forked_from, duplicate: false };
  };
}

/** The fork that was made when this key came first. */
async function earlier(ledger: Ledger, { idempotency }: ForkRequest, known: StartKey): ReturnType<ForkRun> {
  if (known.body_hash !== idempotency?.bodyHash) {
    throw new AppError("unprocessable", "This Idempotency-Key was used before with another request");
  }
  const run = await ledger.getRun(known.run_id);
  if (!run?.forked_from) throw new AppError("gone", "The fork that was made with this Idempotency-Key is gone");
  return { run_id: run.run_id, forked_from: run.forked_from, duplicate: true };
}

type FamilyBatch = Batch & Required<Pick<Batch, "starts" | "updates" | "mail">>;

/** One run to fork, with the run whose child its fork becomes. */
interface Branch {
  at: number | null;
  input: JsonObject;
  sessionId: string | null;
  target: StartRequest["target"];
  parent: { run_id: string; root_run_id: string } | null;
}

/** Gathers a fork and those of the children that it waits for into one batch. */
class Fork {
  #deps: ForkDependencies;
  #request: ForkRequest;
  #batch: FamilyBatch;
  #moments: RunMoment[];

  constructor(
    deps: ForkDependencies,
    request: ForkRequest,
    { batch, moments }: { batch: FamilyBatch; moments: RunMoment[] },
  ) {
    this.#deps = deps;
    this.#request = request;
    this.#batch = batch;
    this.#moments = moments;
  }

  async begin(run: Run): Promise<Begun> {
    const { at, input, sessionId } = this.#request;
    if (run.schedule_id !== null) {
      throw new AppError("conflict", "A schedule is not forked: fork one of the runs that it started");
    }
    return this.#branch(run, { at, input, sessionId, target: await this.#targetOf(run), parent: null });
  }

  async #branch(run: Run, { at, input, sessionId, target, parent }: Branch): Promise<Begun> {
    const { plan, bundleDigest } = target;
    const point = await readForkPoint(this.#deps.ledger, run.run_id, at);
    requireOpen(run, point);
    const isRerun = point.cursor === 0 && run.forked_from === null;
    const nodeId = isRerun ? plan.entry : point.nodeId;
    this.#requireNodes(point, { nodeId, plan, workflowId: run.workflow_id });
    const toSession = sessionId ?? run.session_id;
    const before = withInput(point.vars, input, plan);
    const seed = { plan, bundleDigest, sessionId: toSession, actorId: run.actor_id, runtimeId: run.runtime_id };
    const family = parent ? { parent } : {};
    const born = newRun(
      { ...seed, vars: {}, lifecycle: run.lifecycle, ...family },
      this.#deps.now,
      this.#deps.newId,
    ).run;
    const renaming: Renaming = {
      from: { runId: run.run_id, sessionId: run.session_id },
      to: { runId: born.run_id, sessionId: born.session_id },
      newId: this.#deps.newId,
    };
    const vars = this.#withWorkspace(forkVars(before, renaming), isRerun && !parent);
    const forked_from: ForkedFrom = { run_id: run.run_id, cursor: point.cursor, record_hash: point.recordHash };
    const begun: Begun = { ...born, node_id: nodeId, limits: limitsOf(vars), forked_from };
    const start = { run: begun, vars: stringifyJson(vars) };
    this.#batch.starts.push(start);
    const wait = point.wait && (await this.#waitOf(point.wait, { run, begun, renaming, target, at }));
    const birth = await forkBirth(this.#deps, run, { begun, wait, vars, changed: Object.keys(input) });
    this.#batch.updates.push(birth);
    this.#moments.push(firstMoment(start, vars));
    if (wait) this.#moments.push({ kind: "changed", run: begun, progress: birth.progress, vars, beginsWait: true });
    if (run.parent_run_id === null) {
      const listeners = await listenersOf(this.#deps, { plan, root: begun, vars });
      this.#batch.starts.push(...listeners.map((each) => each.run));
    }
    return begun;
  }

  async #targetOf(run: Run): Promise<StartRequest["target"]> {
    const { target } = this.#request;
    if (target) return target;
    const { workflow_id: workflowId, bundle_digest: bundleDigest } = run;
    return { workflowId, bundleDigest, plan: await this.#plan(bundleDigest, workflowId) };
  }

  async #plan(bundleDigest: string | null, workflowId: string): Promise<Plan> {
    try {
      return await this.#deps.loadPlan(bundleDigest ?? "", workflowId);
    } catch (cause) {
      if (!(cause instanceof AppError) || cause.code === "storage") throw cause;
      throw new AppError("conflict", `The workflow '${workflowId}' cannot be loaded: ${messageOf(cause)}`, { cause });
    }
  }

  #requireNodes(point: ForkPoint, { nodeId, plan, workflowId }: { nodeId: string; plan: Plan; workflowId: string }) {
    if (!this.#request.target) return;
    const missing = nodesInUse(nodeId, point.wait, point.vars).find((each) => !plan.nodes.has(each));
    if (missing === undefined) return;
    throw new AppError(
      "conflict",
      `'${plan.workflow_id}' has no node '${missing}', which '${workflowId}' needs at cursor ${point.cursor}: fork from an earlier cursor`,
    );
  }

  /** From the beginning a run gets a folder of its own, as at a start; later on it works with the files that it knows. */
  #withWorkspace(vars: JsonObject, isRerun: boolean): JsonObject {
    const { workspacesDir } = this.#deps;
    const own = vars["workspace_root"];
    const isParents = typeof own === "string" && workspacesDir !== null && own.startsWith(`${workspacesDir}/`);
    if (!isRerun || !isParents || Object.hasOwn(this.#request.input, "workspace_root")) return vars;
    return { ...vars, workspace_root: `${workspacesDir}/${this.#deps.newId().replaceAll("-", "")}` };
  }

  /**
   * A run that waits for a child gets a child of its own: as it stands now when the run is forked as it stands, else from its
   * beginning, which is where it was when the wait began.
   */
  async #waitOf(wait: Wait, of: Omit<Branch, "input" | "sessionId" | "parent"> & Renamed): Promise<Wait> {
    if (wait.reason !== "subworkflow") return forkWait(wait, of.renaming);
    const childId = wait.details?.["sub_run_id"];
    const child = typeof childId === "string" ? await this.#deps.ledger.getRun(childId) : null;
    if (!child) {
      throw new AppError(
        "conflict",
        `Run '${of.run.run_id}' waits there for a child run which is no longer kept: fork from an earlier cursor`,
      );
    }
    if (of.at === null && isTerminal(child.status)) return this.#resultOf(child, wait, of.begun);
    const target = await this.#childTarget(child, of);
    const sessionId = child.session_id === of.run.session_id ? of.begun.session_id : child.session_id;
    const at = of.at === null ? null : 0;
    const begun = await this.#branch(child, { at, input: {}, sessionId, target, parent: of.begun });
    const details = { ...wait.details, sub_run_id: begun.run_id, sub_workflow_id: begun.workflow_id };
    return { ...wait, wait_key: `subworkflow:${begun.run_id}`, details };
  }

  /** The child ended and its parent has not read it yet: the fork reads the same. */
  #resultOf({ run_id: child_run_id, status, output, error }: Run, wait: Wait, begun: Begun): Wait {
    if (!isTerminal(status)) throw new Error("a child that works has no result");
    this.#batch.mail.push({ run_id: begun.run_id, kind: "child", child_run_id, status, output, error });
    return wait;
  }

  /** A child of another version comes from that version too. */
  async #childTarget(child: Run, { run, target }: Pick<Renamed, "run"> & Pick<Branch, "target">) {
    const prefix = (workflowId: string) => workflowId.slice(0, workflowId.indexOf(":") + 1);
    const old = prefix(run.workflow_id);
    const { workflow_id: id } = child;
    const workflowId = old && id.startsWith(old) ? prefix(target.workflowId) + id.slice(old.length) : id;
    const { bundleDigest } = target;
    return { workflowId, bundleDigest, plan: await this.#plan(bundleDigest, workflowId) };
  }
}

interface Renamed {
  run: Run;
  begun: Begun;
  renaming: Renaming;
}

function requireOpen(run: Run, { status, cursor }: ForkPoint): void {
  if (!isTerminal(status)) return;
  throw new AppError(
    "conflict",
    `Run '${run.run_id}' is ${status} at cursor ${cursor}, where nothing is left to do: fork from an earlier cursor, or run it again from 0`,
  );
}

function limitsOf(vars: JsonObject): JsonObject | null {
  return isObject(vars["_limits"]) ? vars["_limits"] : null;
}
