import { createReadStream, existsSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

/** Lines of the audit log are chained: each holds the hash of the one before, and its own. */

const genesis = "0".repeat(64);
const hashField = /,"hash":"([0-9a-f]{64})"\}$/;

export interface Sealed {
  line: string;
  hash: string;
}

/** `hash = sha256(prev_hash + line without its hash)`. */
export function sealLine(entry: object, previous: string | null): Sealed {
  const prev = previous ?? genesis;
  const body = JSON.stringify({ ...entry, prev_hash: prev });
  const hash = hashOf(body, prev);
  return { line: `${body.slice(0, -1)},"hash":"${hash}"}\n`, hash };
}

function hashOf(body: string, prev: string): string {
  return Bun.SHA256.hash(prev + body, "hex");
}

/** Where the audit log of a data folder is. */
export function auditPath(dataDir: string): string {
  return join(dataDir, "audit_log.jsonl");
}

/** Files of the log that were set aside, the oldest first. The time in the name sorts as text. */
export async function filesSetAside(path: string): Promise<string[]> {
  const names = await readdir(dirname(path)).catch(() => []);
  return names.filter((name) => /^audit_log\..+\.jsonl$/.test(name)).sort();
}

const tailBytes = 64 * 1024;

/** Where the chain stands, from the newest line that has a hash; null when there is none. */
export async function headOfChain(path: string): Promise<string | null> {
  const aside = (await filesSetAside(path)).map((name) => join(dirname(path), name));
  for (const file of [path, ...aside.toReversed()]) {
    const hash = await lastHash(file);
    if (hash !== null) return hash;
  }
  return null;
}

async function lastHash(path: string): Promise<string | null> {
  if (!existsSync(path)) return null;
  const lines = (await readTail(path, tailBytes)).text.split("\n").toReversed();
  for (const line of lines) {
    const hash = hashField.exec(line)?.[1];
    if (hash !== undefined) return hash;
  }
  return null;
}

/** The end of a file, at most so many bytes of it. */
export async function readTail(path: string, maxBytes: number): Promise<{ text: string; isCut: boolean }> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const length = Math.min(size, maxBytes);
    const bytes = Buffer.alloc(length);
    await file.read(bytes, 0, length, size - length);
    return { text: bytes.toString("utf8"), isCut: length < size };
  } finally {
    await file.close();
  }
}

export interface AuditFindings {
  lines: number;
  /** One sentence each; none means sound. */
  problems: string[];
}

const maxProblems = 100;

/**
 * Reads the log from its oldest file on. A line that was changed, taken out or put in breaks the chain. Lines from before there was one
 * stand at the beginning; what a crash left half-written is passed over, since the chain goes on from the line before.
 */
export async function verifyAudit(path: string): Promise<AuditFindings> {
  const findings: AuditFindings = { lines: 0, problems: [] };
  let previous: string | null = null;
  const names = [...(await filesSetAside(path)).map((name) => join(dirname(path), name)), path].filter(existsSync);
  for (const name of names) {
    let number = 0;
    for await (const line of createInterface({ input: createReadStream(name), crlfDelay: Number.POSITIVE_INFINITY })) {
      number++;
      if (line === "") continue;
      findings.lines++;
      const checked = checkLine(line, previous);
      if (checked.problem !== null && findings.problems.length < maxProblems) {
        findings.problems.push(`${name} line ${number}: ${checked.problem}`);
      }
      previous = checked.hash ?? previous;
    }
  }
  return findings;
}

function checkLine(line: string, previous: string | null): { problem: string | null; hash: string | null } {
  const hash = hashField.exec(line)?.[1];
  if (hash === undefined) {
    const isAfterChain = previous !== null && isJson(line);
    return { problem: isAfterChain ? "it is not in the chain" : null, hash: null };
  }
  const body = line.replace(hashField, "}");
  const prev = isJson(body) ? (JSON.parse(body) as { prev_hash?: unknown }).prev_hash : undefined;
  if (typeof prev !== "string" || hashOf(body, prev) !== hash) return { problem: "it was changed", hash };
  const follows = previous === null || prev === previous;
  return { problem: follows ? null : "the line before it is another one, or is missing", hash };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
