import type { SealedRecord, StepRecord } from "#core/record.ts";

/**
 * Appends a record to a run's hash chain: `record_hash = sha256(prev_hash ?? "" + body)` in hex, where `body` is the record's JSON text
 * without the three chain fields. The stored text is the wire text, so a page of the ledger is served without parsing.
 */
export function seal(record: StepRecord, seq: number, prevHash: string | null): SealedRecord {
  return sealBody(JSON.stringify(record), seq, prevHash);
}

/** The same for a record that is a text already: an object that ends with `}` and has none of the chain fields. */
export function sealBody(body: string, seq: number, prevHash: string | null): SealedRecord {
  const hash = chainHash(prevHash, body);
  const prev = prevHash === null ? "null" : `"${prevHash}"`;
  return { seq, hash, json: `${body.slice(0, -1)},"prev_hash":${prev},"record_hash":"${hash}","signature":null}` };
}

const tail = /,"prev_hash":(null|"[0-9a-f]{64}"),"record_hash":"([0-9a-f]{64})","signature":null\}$/;

/** Takes a stored text apart again. Null when it is not a sealed record. */
export function unseal(json: string): { body: string; prevHash: string | null; hash: string } | null {
  const match = tail.exec(json.slice(-200));
  if (!match) return null;
  const [text, prev, hash] = match as unknown as [string, string, string];
  const body = `${json.slice(0, json.length - text.length)}}`;
  return { body, prevHash: prev === "null" ? null : prev.slice(1, -1), hash };
}

export function chainHash(prevHash: string | null, body: string): string {
  return Bun.SHA256.hash((prevHash ?? "") + body, "hex");
}
