import { messageOf } from "#core/errors.ts";
import { type LedgerFindings, sentence } from "#ledger/backup/ledger-findings.ts";
import { readFileLedger } from "#ledger/file/read-ledger.ts";

/** Reads the folder of a file store that nobody writes: every hash chain, every state. Changes nothing. */
export async function inspectFiles(folder: string): Promise<LedgerFindings> {
  const findings: LedgerFindings = { runs: 0, records: 0, problems: [], blobs: new Set() };
  try {
    const ledger = await readFileLedger(folder, { isStill: true });
    try {
      findings.blobs = ledger.blobs();
      const onProgress = (runs: number, records: number) => Object.assign(findings, { runs, records });
      for await (const problem of ledger.verify({ onProgress })) findings.problems.push(sentence(problem));
    } finally {
      ledger.close();
    }
  } catch (error) {
    findings.problems.push(messageOf(error));
  }
  return findings;
}
