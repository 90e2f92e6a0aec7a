import { closeSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { damaged } from "#ledger/file/file-error.ts";
import { flush, openAt, readText, writeAll } from "#ledger/file/files.ts";
import { LineReader } from "#ledger/file/line-reader.ts";

/** Which file a table is in, and how far it is valid. Everything behind that is in the journal. */
export interface TableState {
  file: string;
  bytes: number;
}

export interface StagedTable {
  state: TableState;
  /** Makes what was written durable. */
  flush(): Promise<void>;
  /** Makes it count. Must not fail: the document on disk counts on it already. */
  done(): void;
}

interface Place {
  at: number;
  length: number;
}

/** Dead lines are not worth a rewrite below this. */
const smallestWaste = 1024 * 1024;
const chunkBytes = 1024 * 1024;

/**
 * Rows by key in a file of lines `{"key":…,"row":…}`; the last line of a key counts, and a row of null is a deleted one. In memory are the
 * places of rows, and the rows that only the journal has yet.
 */
export class Table {
  readonly #folder: string;
  readonly #name: string;
  #state: TableState;
  #file: number | null = null;
  #places = new Map<string, Place>();
  #fresh = new Map<string, string | null>();
  #deadBytes = 0;

  constructor(folder: string, name: string, state: TableState | undefined) {
    this.#folder = folder;
    this.#name = name;
    this.#state = state ?? { file: `${name}.jsonl`, bytes: 0 };
  }

  /** Reads the places of all rows, and shows every row on the way. */
  load(onRow: (key: string, row: unknown) => void): void {
    const path = join(this.#folder, this.#state.file);
    let end = 0;
    new LineReader().visit(path, { from: 0, end: this.#state.bytes }, (text, _number, at) => {
      const length = Buffer.byteLength(text);
      const { key, row } = parseLine(text, path);
      this.#place(key, row === null ? null : { at, length });
      end = at + length + 1;
      onRow(key, row);
      return true;
    });
    if (end !== this.#state.bytes) throw damaged(`${path} is shorter than it was`);
  }

  /** The row's text. */
  get(key: string): string | null {
    const fresh = this.#fresh.get(key);
    if (fresh !== undefined) return fresh;
    const place = this.#places.get(key);
    return place === undefined ? null : rowOf(this.#line(place), key);
  }

  has(key: string): boolean {
    const fresh = this.#fresh.get(key);
    return fresh === undefined ? this.#places.has(key) : fresh !== null;
  }

  /** Null deletes. */
  put(key: string, row: string | null): void {
    this.#fresh.set(key, row);
  }

  /** Writes what the file does not have yet. `done` makes it count once it is durable and known to be. */
  stage(): StagedTable | null {
    if (this.#fresh.size === 0) return null;
    const isWasteful = this.#deadBytes > Math.max(smallestWaste, this.#state.bytes / 2);
    return isWasteful ? this.#stageWhole() : this.#stageFresh();
  }

  get state(): TableState {
    return this.#state;
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #stageFresh(): StagedTable {
    const captured = [...this.#fresh];
    const file = openAt(join(this.#folder, this.#state.file), this.#state.bytes);
    return this.#staged({ file, at: this.#state.bytes, captured, name: this.#state.file }, (writer) => {
      const places = captured.map(([key, row]): [string, Place | null] => [key, writer.add(key, row)]);
      return () => {
        for (const [key, place] of places) this.#place(key, place);
      };
    });
  }

  /** Writes all rows that are left into a new file: the old one has become mostly dead lines. */
  #stageWhole(): StagedTable {
    const captured = [...this.#fresh];
    const generation = Number(/-(\d+)\.jsonl$/.exec(this.#state.file)?.[1] ?? 0) + 1;
    const name = `${this.#name}-${generation}.jsonl`;
    const file = openAt(join(this.#folder, name), 0);
    return this.#staged({ file, at: 0, captured, name }, (writer) => {
      const places = new Map<string, Place>();
      for (const key of new Set([...this.#places.keys(), ...this.#fresh.keys()])) {
        const row = this.get(key);
        const place = row === null ? null : writer.add(key, row);
        if (place) places.set(key, place);
      }
      return () => {
        this.#places = places;
        this.#deadBytes = 0;
      };
    });
  }

  #staged(
    target: { file: number; at: number; captured: [string, string | null][]; name: string },
    write: (writer: LineWriter) => () => void,
  ): StagedTable {
    const { file, at, captured, name } = target;
    const writer = new LineWriter(file, at);
    let place: () => void;
    let state: TableState;
    try {
      place = write(writer);
      state = { file: name, bytes: writer.end() };
    } catch (error) {
      closeSync(file);
      throw error;
    }
    return {
      state,
      flush: () => flush(file).finally(() => closeSync(file)),
      done: () => {
        this.close();
        if (this.#state.file !== name) removeIfPossible(join(this.#folder, this.#state.file));
        this.#state = state;
        place();
        for (const [key, row] of captured) if (this.#fresh.get(key) === row) this.#fresh.delete(key);
      },
    };
  }

  #place(key: string, place: Place | null): void {
    this.#deadBytes += (this.#places.get(key)?.length ?? 0) + (place === null ? 1 : 0);
    if (place) this.#places.set(key, place);
    else this.#places.delete(key);
  }

  #line({ at, length }: Place): string {
    this.#file ??= openSync(join(this.#folder, this.#state.file), "r");
    return readText(this.#file, at, length);
  }
}

/** A file that nothing names any more costs room and no more. */
function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The next rewrite of the table makes yet another name; this one stays behind.
  }
}

/** Collects lines and writes them in large pieces. */
class LineWriter {
  readonly #file: number;
  #at: number;
  #parts: Buffer[] = [];
  #held = 0;

  constructor(file: number, at: number) {
    this.#file = file;
    this.#at = at;
  }

  /** The place of the row's line; null for a deleted row. */
  add(key: string, row: string | null): Place | null {
    const bytes = Buffer.from(`${prefix(key)}${row ?? "null"}}\n`);
    const place = { at: this.#at + this.#held, length: bytes.length - 1 };
    this.#parts.push(bytes);
    this.#held += bytes.length;
    if (this.#held >= chunkBytes) this.end();
    return row === null ? null : place;
  }

  /** Writes what is held. Answers the byte behind the last line. */
  end(): number {
    writeAll(this.#file, Buffer.concat(this.#parts), this.#at);
    this.#at += this.#held;
    this.#parts = [];
    this.#held = 0;
    return this.#at;
  }
}

function prefix(key: string): string {
  return `{"key":${JSON.stringify(key)},"row":`;
}

function rowOf(line: string, key: string): string {
  const start = prefix(key);
  if (!line.startsWith(start) || !line.endsWith("}")) throw damaged(`the row of '${key}' is not where it was written`);
  return line.slice(start.length, -1);
}

function parseLine(text: string, path: string): { key: string; row: unknown } {
  try {
    return JSON.parse(text) as { key: string; row: unknown };
  } catch (cause) {
    throw damaged(`${path} has a line that is not JSON`, { cause });
  }
}
