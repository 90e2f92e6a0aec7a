import type { StepRecord } from "#core/record.ts";
import type { Run } from "#core/run.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import { artifactSummaries } from "#http/history/artifact-summary.ts";
import { runStats } from "#http/history/run-stats.ts";
import { answerOf } from "#core/answer-text.ts";
import { answerInLedger, promptOf } from "#http/history/turn-text.ts";
import { startVars } from "#http/input-data.ts";
import { isScheduled } from "#http/run-json.ts";
import type { Services } from "#http/services.ts";

type TurnKind = "chat" | "run" | "scheduled";

interface Candidate {
  run: Run;
  vars: JsonObject;
  kind: TurnKind;
}

/** Runs of a session that are looked at; the newest. */
const maxSessionRuns = 2000;
const answerSearchRecords = 200;
const maxDescendants = 5000;

/** Turns of the session of `root` up to it, oldest first, the last `limit` of them (contract 1.6). */
export async function sessionTurns(services: Services, root: Run, limit: number): Promise<JsonObject | null> {
  if (root.session_id === null) return null;
  const runs = await services.ledger.listRuns({
    limit: maxSessionRuns,
    sessionId: root.session_id,
    rootOnly: true,
    includeDrafts: true,
  });
  const upTo = runs
    .filter((run) => run.created_at <= root.created_at && !run.workflow_id.startsWith("__"))
    .sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
  const candidates: Candidate[] = [];
  for (const run of upTo) {
    const vars = await startVars(services, run.run_id);
    candidates.push({ run, vars, kind: kindOf(run, vars) });
  }
  const chats = candidates.filter((candidate) => candidate.kind === "chat");
  const turns: JsonObject[] = [];
  for (const candidate of (chats.length > 0 ? chats : candidates).slice(-limit)) {
    turns.push(await turnOf(services, candidate));
  }
  return { session_id: root.session_id, turns };
}

function kindOf(run: Run, vars: JsonObject): TurnKind {
  const meta = vars["_meta"];
  if (isScheduled(run) || (isObject(meta) && meta["schedule"])) return "scheduled";
  const context = vars["context"];
  return isObject(context) && Array.isArray(context["messages"]) ? "chat" : "run";
}

async function turnOf(services: Services, { run, vars, kind }: Candidate): Promise<JsonObject> {
  const { ledger } = services;
  const { prompt, metadata } = promptOf(vars);
  const context = vars["context"];
  const attachments = isObject(context) ? context["attachments"] : null;
  const meta = isObject(run.output) ? run.output["meta"] : null;
  const family = [run.run_id, ...(await ledger.descendants(run.run_id, maxDescendants))];
  return {
    run_id: run.run_id,
    workflow_id: run.workflow_id,
    kind,
    status: run.status,
    created_at: run.created_at,
    updated_at: run.updated_at,
    prompt,
    prompt_metadata: metadata,
    attachments: Array.isArray(attachments) ? attachments : [],
    answer: answerOf(run.output) ?? (await searchAnswer(services, run.run_id)),
    answer_meta: isObject(meta) ? meta : null,
    stats: { ...(await runStats(ledger, family)) },
    artifacts: await artifactSummaries(ledger, run.run_id),
  };
}

async function searchAnswer(services: Services, runId: string): Promise<string | null> {
  const tail = await services.ledger.tailRecords(runId, answerSearchRecords);
  return answerInLedger(tail.toReversed().map((record) => JSON.parse(record.json) as StepRecord));
}
