import type { Problem } from "#ledger/ledger.ts";

/** What reading a ledger from end to end found. */
export interface LedgerFindings {
  runs: number;
  records: number;
  /** One sentence each; none means sound. */
  problems: string[];
  /** Blobs that rows of the ledger name. */
  blobs: Set<string>;
}

export function sentence({ run_id, seq, message }: Problem): string {
  return `Run ${run_id}${seq === null ? "" : `, record ${seq}`}: ${message}`;
}
