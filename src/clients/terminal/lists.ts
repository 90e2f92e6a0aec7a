import { isTerminal, type RunStatus } from "#core/run.ts";
import type { CommandType } from "#core/command.ts";
import type { JsonObject } from "#core/value.ts";
import type { GatewayClient } from "#sdk/client.ts";
import { openQuestion } from "#sdk/question.ts";
import type { RunSummary, ScheduleItem } from "#sdk/wire.ts";
import { type Look, safe } from "#clients/terminal/line.ts";
import { ListScreen } from "#clients/terminal/list-screen.ts";
import type { Desk } from "#clients/terminal/screen.ts";
import { isoTime, systemClock } from "#core/time.ts";

const looks: Record<RunStatus, Look | undefined> = {
  running: "accent",
  waiting: "warn",
  completed: "good",
  failed: "bad",
  cancelled: "dim",
};

const shortId = (id: string) => safe(id).slice(0, 8);
/** In UTC, as everywhere in the ledger. */
const moment = (time: string) => safe(time).slice(5, 19).replace("T", " ");

export function runsScreen(desk: Desk): ListScreen<RunSummary> {
  const steer = (type: CommandType & ("pause" | "resume")) => (run: RunSummary) =>
    desk.attempt(async () => desk.notify(await outcomeOf(desk.client, run.run_id, type)));
  const cancel = (run: RunSummary) =>
    desk.confirm(`Cancel run ${shortId(run.run_id)}?`, async () =>
      desk.notify(await outcomeOf(desk.client, run.run_id, "cancel")),
    );
  return new ListScreen(desk, {
    title: "Runs, last change first (UTC)",
    empty: "No runs yet. Start one with /run hello",
    hint: "enter log · a answer · p pause · r resume · c cancel · s its session",
    fetch: () => desk.client.list({ root_only: true, limit: 200 }),
    idOf: (run) => run.run_id,
    columns: [
      { head: "RUN", width: 8, text: (run) => shortId(run.run_id) },
      { head: "STATUS", width: 9, text: statusOf, look: (run) => looks[run.status] },
      { head: "WORKFLOW", width: 0, text: (run) => safe(run.workflow_id) },
      { head: "CHANGED", width: 14, text: (run) => moment(run.updated_at) },
      { head: "WAITS FOR", width: 12, text: waitsFor },
    ],
    open: (run) => desk.openLog(run.run_id),
    actions: {
      a: (run) => desk.openQuestion(run.run_id),
      p: steer("pause"),
      r: steer("resume"),
      c: cancel,
      s: (run) => desk.openSession(run.session_id ?? run.run_id),
    },
  });
}

function statusOf(run: RunSummary): string {
  return run.paused && !isTerminal(run.status) ? "paused" : run.status;
}

function waitsFor({ waiting, paused }: RunSummary): string {
  if (!waiting || paused) return "";
  if (waiting.reason === "until") return moment(waiting.until ?? "").slice(0, 11);
  return { user: "an answer", event: "an event", subworkflow: "a child run", job: "a job" }[waiting.reason];
}

interface Session {
  id: string;
  runs: number;
  live: number;
  workflow: string;
  changed: string;
}

export function sessionsScreen(desk: Desk): ListScreen<Session> {
  return new ListScreen(desk, {
    title: "Sessions, last used first (UTC)",
    empty: "No sessions yet. Write something in the chat.",
    hint: "enter goes on with it · /new begins another",
    fetch: async () => sessionsOf(await desk.client.list({ root_only: true, limit: 500 })),
    idOf: ({ id }) => id,
    columns: [
      { head: "SESSION", width: 20, text: ({ id }) => safe(id) },
      { head: "RUNS", width: 5, text: ({ runs }) => String(runs) },
      { head: "LIVE", width: 5, text: ({ live }) => (live === 0 ? "" : String(live)), look: () => "accent" },
      { head: "LAST WORKFLOW", width: 0, text: ({ workflow }) => safe(workflow) },
      { head: "CHANGED", width: 14, text: ({ changed }) => moment(changed) },
    ],
    open: ({ id }) => desk.openSession(id),
    actions: {},
  });
}

/** Runs come with the last change first, and so do their sessions. */
function sessionsOf(runs: RunSummary[]): Session[] {
  const sessions = new Map<string, Session>();
  for (const run of runs) {
    const id = run.session_id ?? run.run_id;
    const known = sessions.get(id) ?? { id, runs: 0, live: 0, workflow: run.workflow_id, changed: run.updated_at };
    known.runs++;
    if (!isTerminal(run.status)) known.live++;
    sessions.set(id, known);
  }
  return [...sessions.values()];
}

export function inboxScreen(desk: Desk): ListScreen<RunSummary> {
  return new ListScreen(desk, {
    title: "Questions of runs, the longest wait first",
    empty: "Nobody asks anything.",
    hint: "enter answers · l log",
    fetch: () => askingRuns(desk.client),
    idOf: (run) => run.run_id,
    columns: [
      { head: "RUN", width: 8, text: (run) => shortId(run.run_id) },
      { head: "SINCE", width: 14, text: (run) => moment(run.updated_at) },
      { head: "ASKS", width: 0, text: questionText },
    ],
    open: (run) => desk.openQuestion(run.run_id),
    actions: { l: (run) => desk.openLog(run.run_id) },
  });
}

/** Runs that a person can help on. Those that wait longest come first: they do not move while others join. */
export async function askingRuns(client: GatewayClient): Promise<RunSummary[]> {
  const waiting = await client.list({ status: "waiting", limit: 200 });
  return waiting.filter((run) => openQuestion(run) !== null).sort((a, b) => (a.updated_at < b.updated_at ? -1 : 1));
}

function questionText(run: RunSummary): string {
  const question = openQuestion(run);
  if (!question) return "";
  return question.isApproval
    ? `May it use ${question.calls.map(({ name }) => safe(name)).join(", ")}?`
    : safe(question.prompt);
}

export function schedulesScreen(desk: Desk): ListScreen<ScheduleItem> {
  const steer =
    (type: "pause" | "resume", payload = {}) =>
    ({ schedule_id }: ScheduleItem) =>
      desk.attempt(async () => desk.notify(await outcomeOf(desk.client, schedule_id, type, payload)));
  const now = (item: ScheduleItem) =>
    steer("resume", { payload: { mode: "run_now", requested_at: isoTime(systemClock()) } })(item);
  const end = ({ schedule_id }: ScheduleItem) =>
    desk.confirm(`End schedule ${shortId(schedule_id)}?`, async () =>
      desk.notify((await desk.client.endSchedule(schedule_id)).message),
    );
  return new ListScreen(desk, {
    title: "Schedules (UTC)",
    empty: "No schedules. Make one with: abstractgateway schedules create",
    hint: "enter log · x run now · p pause · r resume · d end",
    fetch: () => desk.client.schedules(),
    idOf: (item) => item.schedule_id,
    columns: [
      { head: "SCHEDULE", width: 8, text: (item) => shortId(item.schedule_id) },
      { head: "STATUS", width: 9, text: ({ status, paused }) => (paused ? "paused" : safe(status)) },
      { head: "RUNS", width: 0, text: ({ schedule }) => safe(schedule.target_workflow_id ?? "") },
      {
        head: "EVERY",
        width: 16,
        text: ({ schedule }) => safe(schedule.interval ?? schedule.cron?.join("; ") ?? "once"),
      },
      { head: "SO FAR", width: 6, text: ({ schedule }) => String(schedule.executions ?? 0) },
      { head: "NEXT", width: 14, text: ({ next_fire_times: next }) => moment(next[0] ?? "") },
    ],
    open: (item) => desk.openLog(item.schedule_id),
    actions: { p: steer("pause"), r: steer("resume"), x: now, d: end },
  });
}

async function outcomeOf(
  client: GatewayClient,
  runId: string,
  type: "pause" | "resume" | "cancel",
  payload: JsonObject = {},
): Promise<string> {
  const reason = type === "cancel" ? { reason: "Cancelled at the terminal" } : {};
  const { command_id } = await client.command({ run_id: runId, type, payload: { ...reason, ...payload } });
  const { outcome } = await client.outcome(command_id);
  return outcome?.message ?? "Accepted; no runner has applied it yet.";
}
