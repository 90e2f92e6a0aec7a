import { type CommandOutcome, type NewCommand, commandTypes } from "#core/command.ts";
import { messageOf } from "#core/errors.ts";
import { parseJson, stringifyJson } from "#core/json.ts";
import type { NewMail } from "#core/mail.ts";
import { isTerminal } from "#core/run.ts";
import { isScheduleWorkflow } from "#core/schedule.ts";
import { type Value, isObject, numberOf } from "#core/value.ts";
import type { Plan } from "#engine/plan.ts";
import { agentLoopPrefix } from "#engine/react/plan.ts";
import type { PythonStore } from "#ledger/python/python-store.ts";
import { type Converted, convertFlow } from "#migrate/python/convert-flow.ts";
import { convertSchedule } from "#migrate/python/convert-schedule.ts";
import { type LedgerFacts, readFacts } from "#migrate/python/ledger-facts.ts";
import { pythonArtifacts, readArtifactJson } from "#migrate/python/python-artifacts.ts";
import type { PythonBundles } from "#migrate/python/python-bundles.ts";
import { type PythonRun, objectAt, readPythonRun } from "#migrate/python/python-run.ts";
import { readRecord } from "#migrate/python/record-text.ts";
import { migratedRun } from "#migrate/python/run-row.ts";
import type { MigratedRun, MigrationSource } from "#migrate/source.ts";
import type { Warnings } from "#migrate/warnings.ts";

export interface PythonSourceOptions {
  store: PythonStore;
  dataDir: string;
  bundles: PythonBundles;
  loadPlan: (digest: string, workflowId: string) => Promise<Plan>;
  /** Of the user whose data folder this is. */
  runtimeId: string;
  /** Key under which the ids of commands are known. */
  principal: string;
  /** Where a path inside the old data folder is now; the same path when it did not move. */
  movePath: (path: string) => string;
  now: () => number;
  warnings: Warnings;
}

/** What is known of every run without holding its vars. */
interface Entry {
  /** Under which the store knows it. */
  storedAs: string;
  parent: string | null;
  workflow: string;
  created: string;
  digest: string | null;
  isOver: boolean;
}

/** One data folder of a Python gateway. */
export class PythonSource implements MigrationSource {
  readonly name: string;
  #options: PythonSourceOptions;
  #index: Promise<Map<string, Entry>> | null = null;

  constructor(options: PythonSourceOptions) {
    this.#options = options;
    this.name = `the Python gateway's ${options.store.kind === "file" ? "file store" : "SQLite store"}`;
  }

  async runIds(): Promise<string[]> {
    const index = await this.#entries();
    return [...index]
      .sort(([a, one], [b, other]) => order(one.created, other.created) || order(a, b))
      .map(([id]) => id);
  }

  async run(runId: string): Promise<MigratedRun | null> {
    const { store, warnings, now, runtimeId, movePath } = this.#options;
    const index = await this.#entries();
    const entry = index.get(runId);
    const run = entry ? readPythonRun((await store.run(entry.storedAs)) ?? "") : null;
    if (!entry || !run) return null;
    const isLive = run.status === null || !isTerminal(run.status);
    const facts = await readFacts(isLive || isScheduleWorkflow(run.workflow_id) ? this.records(runId) : none());
    const converted = await this.#convert(run, entry, facts);
    if (converted.caution) warnings.add("run", `${runId}: ${converted.caution}`);
    if (isLive && converted.hold) warnings.add("paused", `${runId}: ${converted.hold}`);
    return migratedRun(run, converted, {
      digest: entry.digest,
      entry: await this.#firstNode(run, entry),
      rootRunId: rootOf(index, runId),
      runtimeId,
      movePath,
      now: now(),
      mail: isLive ? await this.#mail(run, index) : [],
    });
  }

  async *records(runId: string): AsyncGenerator<string> {
    const { store, warnings } = this.#options;
    const entry = (await this.#entries()).get(runId);
    for await (const { text, place, isLast } of store.records(entry?.storedAs ?? runId)) {
      const record = readRecord(text);
      if (!record) {
        const what = isLast ? "is cut off" : "is no record";
        warnings.add("record", `Run ${runId}, ${place} ${what} and was left out (${text.length} characters)`);
        continue;
      }
      if (record.wasMended)
        warnings.add("record", `Run ${runId}, ${place} holds NaN or Infinity, which JSON does not have: null instead`);
      yield record.body;
    }
  }

  async *commands(): AsyncGenerator<NewCommand> {
    const { store, warnings } = this.#options;
    const cursor = await store.commandCursor();
    for await (const { text, place } of store.commands()) {
      const command = readCommand(text, this.#options);
      if (typeof command === "string") {
        warnings.add("command", `${place} ${command} and was left out`);
        continue;
      }
      const { seq, ...rest } = command;
      const outcome: CommandOutcome = { status: "applied", message: "Applied before the migration" };
      yield seq <= cursor ? { ...rest, past: { outcome, applied_at: rest.ts } } : rest;
    }
  }

  artifacts(): ReturnType<MigrationSource["artifacts"]> {
    return pythonArtifacts(this.#options);
  }

  async *bundles(): ReturnType<MigrationSource["bundles"]> {
    // Bundles that only runs keep are made while the runs are looked at.
    await this.#entries();
    yield* this.#options.bundles.all();
  }

  startKeys(): ReturnType<MigrationSource["startKeys"]> {
    return none();
  }

  memory(): ReturnType<MigrationSource["memory"]> {
    return none();
  }

  close(): Promise<void> {
    return this.#options.store.close();
  }

  async #convert(run: PythonRun, entry: Entry, facts: LedgerFacts): Promise<Converted> {
    if (run.status !== null && isTerminal(run.status) && !isScheduleWorkflow(run.workflow_id)) {
      return { vars: run.vars, nodeId: run.current_node, wait: null, hold: null, caution: null };
    }
    if (isScheduleWorkflow(run.workflow_id)) {
      const schedule = convertSchedule(run, facts);
      return entry.digest === null && schedule.hold === null
        ? { ...schedule, hold: "the bundle that it starts is not installed any more" }
        : schedule;
    }
    return convertFlow(run, await this.#plan(run, entry), facts);
  }

  async #plan({ workflow_id }: PythonRun, { digest }: Entry): Promise<Plan | { problem: string }> {
    if (workflow_id.startsWith(agentLoopPrefix))
      return { problem: "it is the loop of an agent, which kept its state in a form of its own" };
    if (digest === null) return { problem: "its bundle is not installed any more" };
    try {
      return await this.#options.loadPlan(digest, workflow_id);
    } catch (error) {
      return { problem: messageOf(error) };
    }
  }

  async #firstNode(run: PythonRun, entry: Entry): Promise<string | null> {
    if (isScheduleWorkflow(run.workflow_id)) return null;
    const plan = await this.#plan(run, entry);
    return "problem" in plan ? null : plan.entry;
  }

  /** The end of a child run that the parent was not told of yet. */
  async #mail(run: PythonRun, index: Map<string, Entry>): Promise<NewMail[]> {
    const childId = run.waiting?.reason === "subworkflow" ? run.waiting.details?.["sub_run_id"] : undefined;
    if (typeof childId !== "string") return [];
    const entry = index.get(childId);
    const child = entry?.isOver ? readPythonRun((await this.#options.store.run(entry.storedAs)) ?? "") : null;
    if (!child) {
      if (!entry) this.#options.warnings.add("run", `${run.run_id} waits for the run ${childId}, which is not there`);
      return [];
    }
    const { status, output, error } = child;
    if (status === null || !isTerminal(status)) return [];
    return [{ run_id: run.run_id, kind: "child", child_run_id: childId, status, output, error }];
  }

  #entries(): Promise<Map<string, Entry>> {
    this.#index ??= this.#readIndex();
    return this.#index;
  }

  async #readIndex(): Promise<Map<string, Entry>> {
    const { store, warnings } = this.#options;
    const index = new Map<string, Entry>();
    for await (const { runId: storedAs, text } of store.runs()) {
      const run = readPythonRun(text);
      if (!run) {
        warnings.add("run", `${storedAs} cannot be read and was left out: it is no stored run`);
        continue;
      }
      if (index.has(run.run_id)) {
        warnings.add("run", `${storedAs} is the same run as ${run.run_id} again and was left out`);
        continue;
      }
      index.set(run.run_id, {
        storedAs,
        parent: run.parent_run_id,
        workflow: run.workflow_id,
        created: run.created_at,
        digest: await this.#digest(run),
        isOver: run.status !== null && isTerminal(run.status),
      });
    }
    for (const runId of await store.orphans())
      warnings.add("record", `The ledger ${runId} belongs to no run and was left out`);
    for (const [runId, entry] of index) entry.digest ??= inheritedDigest(index, runId);
    return index;
  }

  async #digest(run: PythonRun): Promise<string | null> {
    const { bundles, dataDir } = this.#options;
    if (isScheduleWorkflow(run.workflow_id)) {
      const ref = objectAt(run.vars, "_meta", "schedule")["target_bundle_ref"];
      return typeof ref === "string" ? bundles.digestOf(ref) : null;
    }
    const ref = /^([^:@]+@[^:]+):/.exec(run.workflow_id)?.[1];
    if (ref === undefined) return null;
    const artifactId = objectAt(run.vars, "_runtime", "workflow_snapshot")["artifact_id"];
    const snapshot = typeof artifactId === "string" ? await readArtifactJson(dataDir, artifactId) : null;
    return bundles.ofSnapshot(ref, snapshot);
  }
}

/** Listeners and agent loops come from the bundle of the run above them. */
function inheritedDigest(index: Map<string, Entry>, runId: string): string | null {
  for (const id of ancestors(index, runId)) {
    const digest = index.get(id)?.digest;
    if (digest) return digest;
  }
  return null;
}

function rootOf(index: Map<string, Entry>, runId: string): string {
  return ancestors(index, runId).at(-1) ?? runId;
}

/** From the parent up to the root, as far as they are there. */
function ancestors(index: Map<string, Entry>, runId: string): string[] {
  const path = [runId];
  for (let id = index.get(runId)?.parent ?? null; id !== null && index.has(id); id = index.get(id)?.parent ?? null) {
    if (path.includes(id)) break;
    path.push(id);
  }
  return path.slice(1);
}

function readCommand(
  text: string,
  { principal, runtimeId }: PythonSourceOptions,
): (NewCommand & { seq: number }) | string {
  let value: Value;
  try {
    value = parseJson(text);
  } catch {
    return "is no JSON";
  }
  if (!isObject(value)) return "is no command";
  const { command_id, run_id, type, payload, ts, client_id, seq } = value;
  const known = commandTypes.find((each) => each === type);
  if (!known) return `has the type ${stringifyJson(type ?? null)}, which is not known here,`;
  if (typeof command_id !== "string" || !command_id || typeof run_id !== "string" || !run_id)
    return "names no run or no id";
  return {
    command_id,
    run_id,
    type: known,
    payload: isObject(payload) ? payload : {},
    ts: typeof ts === "string" ? ts : "",
    client_id: typeof client_id === "string" ? client_id : null,
    principal,
    runtime_id: runtimeId,
    seq: numberOf(seq) ?? 0,
  };
}

function order(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

async function* none(): AsyncGenerator<never> {}
