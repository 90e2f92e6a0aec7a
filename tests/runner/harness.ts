import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDiskBlobs } from "#artifacts/disk-blobs.ts";
import { createOffloadRecord } from "#app/offload-record.ts";
import { createPrograms } from "#app/programs.ts";
import { readBundle } from "#bundles/read-bundle.ts";
import type { Bundle } from "#core/bundle.ts";
import type { Command, CommandType } from "#core/command.ts";
import { newId } from "#core/ids.ts";
import type { StepRecord } from "#core/record.ts";
import { type Run, isTerminal } from "#core/run.ts";
import { isoTime, systemClock } from "#core/time.ts";
import type { JsonObject } from "#core/value.ts";
import { emitEventHandler } from "#effects/emit-event.ts";
import type { EffectHandler } from "#effects/effect-handler.ts";
import { startSubworkflowHandler } from "#effects/start-subworkflow.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { type AdoptingRunner, type RunnerOptions, createRunner } from "#runner/create-runner.ts";
import { createForkRun } from "#runner/fork.ts";
import { createMakeChild } from "#runner/make-child.ts";
import type { ForkRequest, ForkRun } from "#runner/runner.ts";
import { createStartRun } from "#runner/start.ts";
import { createSubmitCommand } from "#runner/submit.ts";
import { type TestFlow, archive } from "#fixtures/bundles.ts";

/** A runner over a real SQLite ledger, with effects that a test scripts. */
export interface Harness {
  ledger: Ledger;
  runner: AdoptingRunner;
  start(flowId: string, input?: JsonObject): Promise<string>;
  /** Forks a run; `version` names another flow of the harness as its other version. */
  fork(runId: string, request?: Partial<ForkRequest>, version?: string): ReturnType<ForkRun>;
  command(runId: string, type: CommandType, payload?: JsonObject): Promise<string>;
  outcome(commandId: string): Promise<NonNullable<Command["outcome"]>>;
  /** Resolves with the run when the predicate holds; driven by the ledger's notices. */
  until(runId: string, holds: (run: Run) => boolean): Promise<Run>;
  ended(runId: string): Promise<Run>;
  records(runId: string): Promise<(StepRecord & { prev_hash: string | null })[]>;
  /** A second runner on the same ledger, as a new process would be. */
  another(more?: Partial<RunnerOptions>): AdoptingRunner;
  reports: string[];
  /** Resolves when the runner has said something with this text. */
  reported(text: string): Promise<void>;
  loadPlan: RunnerOptions["loadPlan"];
  sleeps: number[];
  close(): Promise<void>;
}

export interface HarnessOptions {
  flows: TestFlow[];
  handlers?: EffectHandler[];
  runner?: Partial<RunnerOptions>;
  wrapLedger?: (ledger: Ledger) => Ledger;
}

export async function createHarness(options: HarnessOptions): Promise<Harness> {
  const dir = await mkdtemp(join(tmpdir(), "runner-test-"));
  const now = systemClock;
  const opened = await openSqliteLedger({ path: join(dir, "gateway.sqlite3"), now });
  const ledger = options.wrapLedger?.(opened) ?? opened;
  const bundles = new Map<string, Bundle>();
  for (const each of options.flows) {
    const bundle = readBundle(archive(each.id, [each, ...options.flows.filter((other) => other !== each)]));
    bundles.set(each.id, bundle);
    bundles.set(bundle.digest, bundle);
  }
  const programs = createPrograms(async (digest) => {
    const bundle = bundles.get(digest);
    if (!bundle) throw new Error(`no bundle ${digest}`);
    return bundle;
  });
  const reports: string[] = [];
  const listeners = new Set<() => void>();
  const sleeps: number[] = [];
  const makeChild = createMakeChild({ loadPlan: programs.load, now, newId });
  const handlers = new Map(
    [emitEventHandler(ledger, now), startSubworkflowHandler(makeChild), ...(options.handlers ?? [])].map((handler) => [
      handler.type,
      handler,
    ]),
  );
  let lockedBy: object | null = null;
  const another = (more: Partial<RunnerOptions> = {}): AdoptingRunner => {
    const me = {};
    return createRunner({
      ledger,
      handlers,
      loadPlan: programs.load,
      offload: createOffloadRecord({ blobs: createDiskBlobs(join(dir, "artifacts")), now, maxInlineBytes: 262_144 }),
      engine: { compatNodeErrors: false, effectTypes: new Set(handlers.keys()) },
      maxActiveRuns: 8,
      maxEffects: 8,
      slice: { maxRecords: 64, ms: 10 },
      maxInlineBytes: 262_144,
      leaseMs: 3000,
      graceMs: 50,
      owner: "local",
      lock: () => {
        if (lockedBy && lockedBy !== me) return null;
        lockedBy = me;
        return { release: () => (lockedBy = null) };
      },
      now,
      newId,
      random: () => 0.5,
      sleep: async (ms) => void sleeps.push(ms),
      crashPoint: () => undefined,
      report(message) {
        reports.push(message);
        for (const look of listeners) look();
      },
      ...options.runner,
      ...more,
    });
  };
  const runner = another();
  await runner.start();
  const startRun = createStartRun({
    ledger,
    now,
    newId,
    workspacesDir: null,
    loadPlan: programs.load,
    adopt: runner.adopt.bind(runner),
  });
  const forkRun = createForkRun({ ledger, now, newId, workspacesDir: null, loadPlan: programs.load });
  const submit = createSubmitCommand(ledger);
  const until = async (runId: string, holds: (run: Run) => boolean): Promise<Run> => {
    const found = Promise.withResolvers<Run>();
    const look = async () => {
      const run = await ledger.getRun(runId);
      if (run && holds(run)) found.resolve(run);
    };
    const unsubscribe = ledger.subscribe((notice) => {
      if (notice.updates.some((update) => update.run_id === runId)) void look();
    });
    void look();
    const run = await found.promise;
    unsubscribe();
    return run;
  };
  return {
    ledger,
    runner,
    another,
    reports,
    reported: (text) =>
      new Promise((resolve) => {
        const look = () => {
          if (reports.some((report) => report.includes(text))) resolve();
        };
        listeners.add(look);
        look();
      }),
    loadPlan: programs.load,
    sleeps,
    until,
    ended: (runId) => until(runId, (run) => isTerminal(run.status)),
    async start(flowId, input = {}) {
      const bundle = bundles.get(flowId);
      if (!bundle) throw new Error(`no flow ${flowId}`);
      const workflowId = `${flowId}@1.0.0:${flowId}`;
      const plan = await programs.load(bundle.digest, workflowId);
      const started = await startRun({
        target: { workflowId, bundleDigest: bundle.digest, plan },
        inputData: input,
        runtimeId: "default",
        sessionId: null,
        actorId: "gateway",
        thinking: null,
        lifecycle: null,
        idempotency: null,
      });
      return started.run_id;
    },
    async fork(runId, request = {}, version = "") {
      const run = await ledger.getRun(runId);
      if (!run) throw new Error(`no run ${runId}`);
      const bundle = bundles.get(version);
      const workflowId = `${version}@1.0.0:${version}`;
      const target = bundle && {
        workflowId,
        bundleDigest: bundle.digest,
        plan: await programs.load(bundle.digest, workflowId),
      };
      const plain = { parent: run, at: null, input: {}, sessionId: null, target: target ?? null, idempotency: null };
      return forkRun({ ...plain, ...request });
    },
    async command(runId, type, payload = {}) {
      const commandId = newId();
      const ts = isoTime(now());
      await submit({
        command_id: commandId,
        run_id: runId,
        type,
        payload,
        ts,
        client_id: null,
        principal: "test",
        runtime_id: null,
      });
      return commandId;
    },
    async outcome(commandId) {
      for (;;) {
        const command = await ledger.getCommand(commandId);
        if (command?.outcome) return command.outcome;
        // Applied with somebody's next commit: wait for one.
        await new Promise<void>((resolve) => {
          const unsubscribe = ledger.subscribe(() => {
            unsubscribe();
            resolve();
          });
          void ledger.getCommand(commandId).then((again) => {
            if (again?.outcome) resolve();
          });
        });
      }
    },
    async records(runId) {
      const sealed = await ledger.readRecords(runId, 0, { limit: 100_000 });
      return sealed.map((record) => JSON.parse(record.json));
    },
    async close() {
      await runner.stop();
      await ledger.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A handler of `llm_call` that answers what the script says, one step per call. */
export function scriptedModel(
  script: ((signal: AbortSignal) => Promise<Awaited<ReturnType<EffectHandler["run"]>>>)[],
): EffectHandler & { calls: number } {
  const handler = {
    type: "llm_call",
    world: true,
    onInterrupted: "retry" as const,
    retry: { attempts: 3, baseMs: 1000, maxMs: 30_000 },
    calls: 0,
    run(_effect: unknown, context: { signal: AbortSignal }) {
      const step = script[Math.min(handler.calls++, script.length - 1)];
      if (!step) throw new Error("the script is empty");
      return step(context.signal);
    },
  };
  return handler;
}

export function said(content: string): Awaited<ReturnType<EffectHandler["run"]>> {
  return {
    outcome: {
      status: "completed",
      result: { content, data: null, tool_calls: [], model: "m", provider: "p", usage: {}, finish_reason: "stop" },
    },
  };
}
