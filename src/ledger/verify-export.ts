import { isObject } from "#core/value.ts";
import { chainHash, unseal } from "#ledger/chain.ts";
import type { Problem } from "#ledger/ledger.ts";

export interface ExportFindings {
  runs: number;
  records: number;
  problems: Problem[];
}

interface Expected {
  runId: string;
  headSeq: number;
  headHash: string | null;
  seq: number;
  hash: string | null;
}

const recordLine = /^\{"type":"record","run_id":("(?:[^"\\]|\\.)*"),"seq":(\d+),"record":/;

/** Checks the lines of an export (`sqlite/export-runs.ts`): every record matches its hash, follows the one before, and no run ends early. */
export async function verifyExport(lines: AsyncIterable<string>): Promise<ExportFindings> {
  const findings: ExportFindings = { runs: 0, records: 0, problems: [] };
  const complain = (run_id: string, seq: number | null, message: string) =>
    findings.problems.push({ run_id, seq, message });
  let current: Expected | null = null;
  const end = () => {
    if (current !== null) for (const message of endProblems(current)) complain(current.runId, current.seq, message);
  };
  for await (const line of lines) {
    if (line.trim() === "") continue;
    const record = recordLine.exec(line);
    if (!record) {
      end();
      current = runOf(line);
      if (current === null) complain("", null, "A line is neither a run nor a record");
      else findings.runs++;
      continue;
    }
    const runId = JSON.parse(record[1] ?? '""') as string;
    const seq = Number(record[2]);
    findings.records++;
    if (current === null || runId !== current.runId) {
      complain(runId, seq, "The record does not stand behind its run");
      continue;
    }
    const json = line.slice(record[0].length).trimEnd().slice(0, -1);
    for (const message of recordProblems(json, seq, current)) complain(runId, seq, message);
    current.seq = seq;
    current.hash = unseal(json)?.hash ?? null;
  }
  end();
  return findings;
}

function recordProblems(json: string, seq: number, before: Expected): string[] {
  const parts = unseal(json);
  if (!parts) return ["The record has no chain fields"];
  const problems: string[] = [];
  if (seq !== before.seq + 1) problems.push(`Record ${seq} follows record ${before.seq}`);
  if (parts.prevHash !== before.hash) problems.push("The record names another predecessor than the record before it");
  if (chainHash(parts.prevHash, parts.body) !== parts.hash) {
    problems.push("The record does not match its hash: its content was changed");
  }
  return problems;
}

function endProblems({ seq, headSeq, hash, headHash }: Expected): string[] {
  if (seq !== headSeq) return [`The records end at ${seq}, but the run stands at ${headSeq}`];
  return hash === headHash ? [] : ["The last record is not the one that the run's head names"];
}

function runOf(line: string): Expected | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isObject(value) || value["type"] !== "run" || !isObject(value["run"])) return null;
  const { run_id: runId, head_seq: headSeq, head_hash: headHash } = value["run"];
  if (typeof runId !== "string" || typeof headSeq !== "number") return null;
  return { runId, headSeq, headHash: typeof headHash === "string" ? headHash : null, seq: 0, hash: null };
}
