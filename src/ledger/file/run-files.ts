import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "#core/errors.ts";
import { parseJson, parseObject, stringifyJson } from "#core/json.ts";
import type { Run, RunIdentity, RunProgress } from "#core/run.ts";
import type { JsonObject } from "#core/value.ts";
import { damaged, errorCode } from "#ledger/file/file-error.ts";
import { flush, openAt, writeAll } from "#ledger/file/files.ts";
import { stateText } from "#ledger/file/state-line.ts";
import { type DiskPart, type StoredMail, type StoredRun, bornRun } from "#ledger/file/stored-run.ts";

/*
 * The files of one run, for people too: `run.json` is where it stands, `ledger.jsonl` its sealed records (line n is record n), `states.jsonl`
 * its vars: `{"no":…,"seq":…,"node_id":…,"wait":…,"snapshot":{…}}` or `"delta":[…]`. `run.json` says how many bytes of the other two count, and takes the place of
 * the one before in one move; so whatever a crash leaves, the three fit together.
 */

interface RunDocument {
  format: 1;
  no: number;
  /** Group of commits up to which these files are current. */
  applied: number;
  run: Run;
  files: { ledger_bytes: number; state_no: number; states_bytes: number; snapshot_at: number; compacted: boolean };
  listens: string[];
  mail: JsonObject[];
}

const emptyDisk: DiskPart = {
  applied: 0,
  head: 0,
  ledgerBytes: 0,
  stateNo: -1,
  statesBytes: 0,
  snapshotAt: 0,
  isCompacted: false,
};
const compactedName = "states-compacted.jsonl";
/** Names that mean the same on every file system. */
const plainName = /^[a-z0-9_][a-z0-9_-]{0,99}$/;

export class RunFiles {
  readonly #root: string;
  /** Folders with new, renamed or removed names that may not be durable yet. */
  readonly unflushed = new Set<string>();
  /** Files that no `run.json` names any more, as soon as their folders are flushed. */
  readonly outdated = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  get root(): string {
    return this.#root;
  }

  /** Ids that are no plain name get a folder named after their hash; `run.json` tells the id. */
  folder(runId: string): string {
    return join(this.#root, plainName.test(runId) ? runId : `~${Bun.SHA256.hash(runId, "hex").slice(0, 40)}`);
  }

  ledgerPath(runId: string): string {
    return join(this.folder(runId), "ledger.jsonl");
  }

  statesPath(run: StoredRun, isCompacted = run.disk?.isCompacted === true): string {
    return join(this.folder(run.runId), isCompacted ? compactedName : "states.jsonl");
  }

  /** The run as its file has it. */
  read(runId: string): Run {
    return parseObject(readFileSync(join(this.folder(runId), "run.json"), "utf8"))["run"] as unknown as Run;
  }

  /** Every run that has files, and the folders that have files but no `run.json`, both by their names in no order. */
  load(): { runs: StoredRun[]; halves: Set<string> } {
    const runs: StoredRun[] = [];
    const halves = new Set<string>();
    for (const name of existsSync(this.#root) ? readdirSync(this.#root) : []) {
      const path = join(this.#root, name, "run.json");
      try {
        runs.push(loadedRun(readFileSync(path, "utf8")));
      } catch (error) {
        if (errorCode(error) === "ENOENT") halves.add(join(this.#root, name));
        else if (errorCode(error) !== "") throw error;
        else throw damaged(`${path} cannot be read: ${messageOf(error)}`, { cause: error });
      }
    }
    return { runs, halves };
  }

  /** Writes what the journal has of a run and the files do not. Nothing of it counts before `finish`. */
  stage(run: StoredRun): StagedRun | null {
    const { tail } = run;
    if (tail === null) return null;
    const folder = this.folder(run.runId);
    if (run.disk === null) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      this.unflushed.add(this.#root);
    }
    const disk = run.disk ?? emptyDisk;
    const files: number[] = [];
    try {
      const records = tail.records.length;
      const states = [...tail.states];
      const old = tail.isCompacted ? { ...disk, stateNo: -1, statesBytes: 0, isCompacted: true } : disk;
      const next = { ...old, applied: tail.changed, head: disk.head + records, stateNo: old.stateNo + states.length };
      next.ledgerBytes = append(files, this.ledgerPath(run.runId), disk.ledgerBytes, tail.records);
      let at = old.statesBytes;
      const lines = states.map((state) => {
        const line = stateText(state);
        if (state.isSnapshot) next.snapshotAt = at;
        at += Buffer.byteLength(line) + 1;
        return line;
      });
      next.statesBytes = append(files, this.statesPath(run, old.isCompacted), old.statesBytes, lines);
      const temporary = join(folder, "run.json.tmp");
      const file = openSync(temporary, "w", 0o600);
      files.push(file);
      writeAll(file, Buffer.from(documentOf(run, this.whole(run), next)), 0);
      return { run, folder, files, next, records, states: states.length };
    } catch (error) {
      for (const file of files) closeSync(file);
      throw error;
    }
  }

  /** The run as it is now, from its file and what the journal has since. */
  whole(run: StoredRun): Run {
    const { tail } = run;
    const base = tail?.base ? (parseJson(tail.base) as unknown as RunIdentity & RunProgress) : this.read(run.runId);
    const progress = tail?.progress ? (parseJson(tail.progress) as unknown as RunProgress) : null;
    return { ...base, ...progress, head_seq: run.head, head_hash: run.headHash, epoch: run.epoch };
  }

  /** Makes the contents of a staged run durable, and then the truth. Its folder has to be flushed after it. */
  async finish({ run, folder, files, next, records, states }: StagedRun): Promise<void> {
    try {
      await Promise.all(files.map(flush));
    } finally {
      for (const file of files) closeSync(file);
    }
    if (run.isGone) return;
    renameSync(join(folder, "run.json.tmp"), join(folder, "run.json"));
    // From here on the new file is the one that a start would read.
    const isSmaller = next.isCompacted && run.disk?.isCompacted === false;
    run.disk = next;
    this.unflushed.add(folder);
    if (isSmaller) this.outdated.add(this.statesPath(run, false));
    const { tail } = run;
    if (tail === null) return;
    if (tail.changed === next.applied) {
      run.tail = null;
      return;
    }
    tail.base = null;
    tail.records.splice(0, records);
    tail.states.splice(0, states);
    tail.isCompacted = false;
  }

  /** `run.json` goes last: a folder that has files and no `run.json` was never whole. */
  remove(runId: string): void {
    const folder = this.folder(runId);
    for (const name of ["ledger.jsonl", "states.jsonl", compactedName, "run.json.tmp", "run.json"]) {
      rmSync(join(folder, name), { force: true });
    }
    rmSync(folder, { recursive: true, force: true });
    this.unflushed.delete(folder);
    this.unflushed.add(this.#root);
  }
}

export interface StagedRun {
  run: StoredRun;
  folder: string;
  files: number[];
  next: DiskPart;
  records: number;
  states: number;
}

/** Writes lines behind byte `at`. Answers the byte behind the last of them. */
function append(files: number[], path: string, at: number, lines: string[]): number {
  if (lines.length === 0) return at;
  const file = openAt(path, at);
  files.push(file);
  const bytes = Buffer.from(`${lines.join("\n")}\n`);
  writeAll(file, bytes, at);
  return at + bytes.length;
}

function documentOf(run: StoredRun, whole: Run, next: DiskPart): string {
  const document: RunDocument = {
    format: 1,
    no: run.no,
    applied: next.applied,
    run: whole,
    files: {
      ledger_bytes: next.ledgerBytes,
      state_no: next.stateNo,
      states_bytes: next.statesBytes,
      snapshot_at: next.snapshotAt,
      compacted: next.isCompacted,
    },
    listens: [...run.listens],
    mail: [...run.mail].map(([id, { body }]) => ({ id, ...parseObject(body) })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function loadedRun(text: string): StoredRun {
  // Only texts with mail need values as they were written; the others are looked at and thrown away.
  const isPlain = text.endsWith('"mail": []\n}\n');
  const document = (isPlain ? JSON.parse(text) : parseObject(text)) as unknown as RunDocument;
  if (document.format !== 1) throw new Error(`its format is ${String(document.format)}, not 1`);
  const { run, files, applied } = document;
  const stored = bornRun(document.no, run);
  for (const key of document.listens) stored.listens.add(key);
  for (const { id, ...body } of document.mail) stored.mail.set(Number(id), storedMail(body));
  stored.head = run.head_seq;
  stored.headHash = run.head_hash;
  stored.epoch = run.epoch;
  stored.stateNo = files.state_no;
  stored.disk = {
    applied,
    head: run.head_seq,
    ledgerBytes: files.ledger_bytes,
    stateNo: files.state_no,
    statesBytes: files.states_bytes,
    snapshotAt: files.snapshot_at,
    isCompacted: files.compacted,
  };
  return stored;
}

function storedMail(body: JsonObject): StoredMail {
  const command = body["command"] as { seq?: unknown } | undefined;
  return { body: stringifyJson(body), commandSeq: body["kind"] === "command" ? Number(command?.seq) : null };
}
