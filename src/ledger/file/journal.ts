import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { AppError, messageOf } from "#core/errors.ts";
import type { Change, Group } from "#ledger/file/change.ts";
import { damaged } from "#ledger/file/file-error.ts";
import { flush, flushFolder, writeAll } from "#ledger/file/files.ts";

/*
 * The journal is the truth of every commit since the last checkpoint: one line per flush, with a checksum. A commit is acknowledged when its
 * line is flushed. Segments are named after their first group; a checkpoint starts a new one and drops those before it.
 */

const segmentName = /^(\d{12})\.jsonl$/;
const line = /^\{"sum":"([0-9a-f]{16})",(.*)\}$/s;

export class Journal {
  readonly #folder: string;
  #file: number | null = null;
  #bytes = 0;
  #next: number;
  #broken: AppError | null = null;
  #isAppending = false;
  /** Those who wait for a segment of their own, and do not mind the group that is being written. */
  #rotations: ((next: number) => void)[] = [];

  constructor(folder: string, nextGroup: number) {
    this.#folder = folder;
    this.#next = nextGroup;
  }

  /** Number of the group that `append` writes next. */
  get next(): number {
    return this.#next;
  }

  /** Makes changes durable as one group, or throws and has written nothing. Answers the bytes that were written. */
  async append(changes: Change[]): Promise<number> {
    if (this.#broken) throw this.#broken;
    this.#isAppending = true;
    try {
      return await this.#append(changes);
    } finally {
      this.#isAppending = false;
      for (const resolve of this.#rotations.splice(0)) resolve(this.#endSegment());
    }
  }

  async #append(changes: Change[]): Promise<number> {
    this.#file ??= await this.#begin();
    const bytes = Buffer.from(`${sealed({ group: this.#next, changes })}\n`);
    try {
      writeAll(this.#file, bytes, this.#bytes);
      await flush(this.#file);
    } catch (error) {
      await this.#takeBack(this.#file, error);
      throw error;
    }
    this.#bytes += bytes.length;
    this.#next++;
    return bytes.length;
  }

  /** The next group goes into a new segment. Answers the number of that group, by which `drop` knows the segments before it. */
  rotate(): Promise<number> {
    if (!this.#isAppending) return Promise.resolve(this.#endSegment());
    return new Promise((resolve) => this.#rotations.push(resolve));
  }

  #endSegment(): number {
    if (this.#bytes > 0) this.close();
    return this.#next;
  }

  /** Removes segments that hold no group from `before` on: a checkpoint has brought them into the files. */
  async drop(before: number): Promise<void> {
    const old = segments(this.#folder).filter((first) => first < before);
    for (const first of old) unlinkSync(pathOf(this.#folder, first));
    if (old.length > 0) await flushFolder(this.#folder);
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
    this.#bytes = 0;
  }

  async #begin(): Promise<number> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const file = openSync(pathOf(this.#folder, this.#next), "w", 0o600);
    try {
      await flushFolder(this.#folder);
    } catch (error) {
      closeSync(file);
      throw error;
    }
    this.#bytes = 0;
    return file;
  }

  /** What was refused must not come back at the next start. Where it cannot be cut off, nothing may be written behind it. */
  async #takeBack(file: number, error: unknown): Promise<void> {
    try {
      ftruncateSync(file, this.#bytes);
      await flush(file);
    } catch {
      const message = `The journal of the ledger failed and cannot be mended: restart the gateway (${messageOf(error)})`;
      this.#broken = new AppError("storage", message, { cause: error });
    }
  }
}

/** A group as its line. */
function sealed(group: Group): string {
  const body = JSON.stringify(group).slice(1, -1);
  return `{"sum":"${checksum(body)}",${body}}`;
}

function unsealed(text: string): Group | null {
  const [, sum, body] = line.exec(text) ?? [];
  if (body === undefined || checksum(body) !== sum) return null;
  return JSON.parse(`{${body}}`) as Group;
}

function checksum(text: string): string {
  return Bun.hash.xxHash64(text).toString(16).padStart(16, "0");
}

/**
 * The groups of the journal, oldest first, without segments before group `from`, which a checkpoint was about to drop. `found.torn` is what has to
 * be cut off where a crash left half a group.
 */
export function* readJournal(
  folder: string,
  { from, found }: { from: number; found: { torn: { path: string; end: number } | null } },
): Generator<Group> {
  const every = segments(folder);
  const all = every.filter((_, index) => (every[index + 1] ?? Infinity) > from);
  let expected = from;
  for (const first of all) {
    const path = pathOf(folder, first);
    if (first > expected) throw damaged(`journal entries ${expected} to ${first - 1} are missing`);
    expected = first;
    for (const entry of readSegment(path)) {
      if ("torn" in entry) {
        if (first !== all.at(-1)) throw damaged(`${path} has an entry that is not what was written`);
        found.torn = { path, end: entry.torn };
        return;
      }
      if (entry.group !== expected) throw damaged(`${path} has entry ${entry.group} in the place of ${expected}`);
      yield entry;
      expected++;
    }
  }
}

function* readSegment(path: string): Generator<Group | { torn: number }> {
  const bytes = readFileSync(path);
  for (let begin = 0; begin < bytes.length;) {
    const stop = bytes.indexOf(10, begin);
    const group = stop < 0 ? null : unsealed(bytes.toString("utf8", begin, stop));
    if (group === null) {
      // Only the last group can be half written: the one after it was begun when it was flushed.
      if (hasGroupAfter(bytes, stop)) throw damaged(`${path} has an entry that is not what was written`);
      return yield { torn: begin };
    }
    yield group;
    begin = stop + 1;
  }
}

function hasGroupAfter(bytes: Buffer, from: number): boolean {
  if (from < 0) return false;
  const rest = bytes.toString("utf8", from + 1).split("\n");
  return rest.some((text) => unsealed(text) !== null);
}

export function cutTorn({ path, end }: { path: string; end: number }): void {
  const file = openSync(path, "r+");
  try {
    ftruncateSync(file, end);
    // The next segment counts on it.
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function segments(folder: string): number[] {
  if (!existsSync(folder)) return [];
  const numbers = readdirSync(folder).flatMap((name) => segmentName.exec(name)?.[1] ?? []);
  return numbers.map(Number).toSorted((one, other) => one - other);
}

function pathOf(folder: string, first: number): string {
  return join(folder, `${String(first).padStart(12, "0")}.jsonl`);
}
