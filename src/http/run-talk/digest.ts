import type { StepRecord } from "#core/record.ts";
import type { Run } from "#core/run.ts";
import { isObject } from "#core/value.ts";
import { allRecords } from "#http/history/all-records.ts";
import { startVars } from "#http/input-data.ts";
import type { Services } from "#http/services.ts";

export interface DigestOptions {
  includeSubruns: boolean;
  maxChars: number;
}

/** Larger trees and ledgers are looked at from their ends. */
const maxRuns = 50;
const maxRecords = 2000;
const maxValueChars = 700;

/** What happened in a run, for a model to read: where it stands, what it was given, and a line for each record. */
export async function runDigest(services: Services, run: Run, options: DigestOptions): Promise<string> {
  const { ledger } = services;
  const children = options.includeSubruns ? await ledger.descendants(run.run_id, maxRuns) : [];
  const lines: string[] = [];
  for (const runId of [run.run_id, ...children]) {
    if (runId !== run.run_id) lines.push(...(await headOf(services, runId)));
    lines.push(...(await linesOf(services, runId)));
  }
  const head = (await headOf(services, run.run_id)).join("\n");
  return `${head}\n\nRecords, oldest first:\n${fitted(lines, Math.max(500, options.maxChars - head.length))}`;
}

async function headOf(services: Services, runId: string): Promise<string[]> {
  const run = await services.ledger.getRun(runId);
  if (!run) return [];
  const vars = await startVars(services, runId);
  const input = Object.fromEntries(Object.entries(vars).filter(([name]) => !name.startsWith("_")));
  return [
    `${run.parent_run_id ? "Child run" : "Run"} ${run.run_id} of workflow ${run.workflow_id}`,
    `status: ${run.status}${run.pause?.paused ? " (paused)" : ""}, started ${run.created_at}, last change ${run.updated_at}`,
    ...(run.wait ? [`waits for: ${run.wait.reason} ${short(run.wait.prompt)}`] : []),
    ...(run.error ? [`error: ${short(run.error)}`] : []),
    `input: ${short(input)}`,
    ...(run.output === null ? [] : [`output: ${short(run.output)}`]),
  ];
}

async function linesOf({ ledger }: Services, runId: string): Promise<string[]> {
  const head = (await ledger.getRun(runId))?.head_seq ?? 0;
  const after = Math.max(0, head - maxRecords);
  const lines = after > 0 ? [`(records 1 to ${after} are not shown)`] : [];
  let seq = after;
  for await (const page of allRecords(ledger, runId, { after })) {
    for (const { json } of page) lines.push(lineOf(JSON.parse(json) as StepRecord, ++seq));
  }
  return lines;
}

function lineOf({ node_id, status, effect, result, error }: StepRecord, seq: number): string {
  const what = effect ? ` ${effect.type}` : "";
  const given = effect && status === "started" ? ` given ${short(effect.payload)}` : "";
  const came =
    result === null ? "" : ` gave ${short(isObject(result) && "content" in result ? result["content"] : result)}`;
  const failed = error === null ? "" : ` error ${short(error)}`;
  return `${seq}. ${node_id}${what} ${status}${given}${came}${failed}`;
}

function short(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  const flat = text.replace(/\s+/g, " ").trim();
  return flat.length > maxValueChars ? `${flat.slice(0, maxValueChars)}…` : flat;
}

/** How it began and, with more room, how it went on to the end. */
function fitted(lines: string[], maxChars: number): string {
  const whole = lines.join("\n");
  if (whole.length <= maxChars) return whole;
  const first = taken(lines, maxChars / 4);
  const last = taken(lines.slice(first.length).toReversed(), (maxChars * 3) / 4).toReversed();
  const left = lines.length - first.length - last.length;
  return [...first, `(${left} records are not shown)`, ...last].join("\n");
}

function taken(lines: string[], maxChars: number): string[] {
  const found: string[] = [];
  let chars = 0;
  for (const line of lines) {
    chars += line.length + 1;
    if (chars > maxChars) break;
    found.push(line);
  }
  return found;
}
