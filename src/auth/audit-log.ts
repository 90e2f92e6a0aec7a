import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { filesSetAside, headOfChain, readTail, sealLine } from "#auth/audit-chain.ts";
import { messageOf } from "#core/errors.ts";
import { type Clock, isoTime } from "#core/time.ts";

/** One write request, also a refused one (contract 2.9). Absent fields are left out of the line. */
export interface AuditEntry {
  ts: string;
  request_id: string;
  ip: string;
  method: string;
  path: string;
  query?: Record<string, string>;
  status: number;
  duration_ms: number;
  auth_required: boolean;
  auth_token_fp?: string;
  principal_user_id?: string;
  principal_tenant_id?: string;
  origin?: string;
  user_agent?: string;
  bytes_in?: number;
  headers?: Record<string, string>;
  error?: string;
}

export interface AuditLog {
  /** Queues a line; never waits and never throws. */
  append(entry: AuditEntry): void;
  /** Resolves when everything queued so far is in the file. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface AuditLogOptions {
  path: string;
  /** A file that has grown to this size is set aside before the next line. */
  maxBytes: number;
  /** Files set aside that are kept. */
  rotations: number;
  now: Clock;
  /** Trouble with the file: one sentence, once per streak of failures. */
  report: (message: string) => void;
}

/** Beyond this the disk is too slow or gone: lines are counted instead of kept, so that memory stays bounded. */
const maxQueuedLines = 100_000;

/** Lines of this long are one write: each write costs more than its line. */
const gatherMs = 20;

/** Appends lines in order. What comes while a write is under way is the next write. */
export function createAuditLog(options: AuditLogOptions): AuditLog {
  const file = new RotatingFile(options);
  let queue: AuditEntry[] = [];
  let dropped = 0;
  let failing = false;
  let writing: Promise<void> | null = null;
  let gathering: Timer | null = null;

  const drain = async (): Promise<void> => {
    while (queue.length > 0) {
      const lines = queue;
      queue = [];
      try {
        await file.append(lines);
        if (failing || dropped > 0) options.report(`The audit log is written again; ${dropped} lines were lost`);
        failing = false;
        dropped = 0;
      } catch (error) {
        dropped += lines.length;
        if (!failing) options.report(`The audit log ${options.path} cannot be written: ${messageOf(error)}`);
        failing = true;
      }
    }
    writing = null;
  };

  const start = (): void => {
    if (gathering) clearTimeout(gathering);
    gathering = null;
    if (queue.length > 0) writing ??= drain();
  };
  const flush = async (): Promise<void> => {
    start();
    while (writing) await writing;
  };

  return {
    append(entry) {
      if (queue.length >= maxQueuedLines) {
        dropped++;
        return;
      }
      queue.push(entry);
      gathering ??= setTimeout(start, gatherMs);
    },
    flush,
    async close() {
      await flush();
      await file.close();
    },
  };
}

class RotatingFile {
  #options: AuditLogOptions;
  #handle: FileHandle | null = null;
  #bytes = 0;
  /** Where the chain of lines stands. */
  #head: string | null = null;

  constructor(options: AuditLogOptions) {
    this.#options = options;
  }

  async append(entries: AuditEntry[]): Promise<void> {
    await this.#open();
    let head = this.#head;
    const text = entries
      .map((entry) => {
        const sealed = sealLine(entry, head);
        head = sealed.hash;
        return sealed.line;
      })
      .join("");
    const bytes = Buffer.byteLength(text);
    if (this.#bytes > 0 && this.#bytes + bytes > this.#options.maxBytes) await this.#rotate();
    await this.#handle?.appendFile(text);
    this.#bytes += bytes;
    this.#head = head;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  async #open(): Promise<void> {
    if (this.#handle) return;
    await mkdir(dirname(this.#options.path), { recursive: true });
    this.#head ??= await headOfChain(this.#options.path);
    this.#handle = await open(this.#options.path, "a", 0o600);
    this.#bytes = (await this.#handle.stat()).size;
    if (this.#bytes > 0 && !(await readTail(this.#options.path, 1)).text.endsWith("\n")) {
      // A crash cut the last line; the next one must not hang on to it.
      await this.#handle.appendFile("\n");
      this.#bytes++;
    }
  }

  async #rotate(): Promise<void> {
    const { path, rotations } = this.#options;
    await this.close();
    if (rotations <= 0) await rm(path, { force: true });
    else await rename(path, await this.#freeName());
    const kept = await filesSetAside(path);
    for (const name of kept.slice(0, Math.max(0, kept.length - rotations))) {
      await rm(join(dirname(path), name), { force: true });
    }
    await this.#open();
  }

  /** The number in the name tells two rotations of the same moment apart. */
  async #freeName(): Promise<string> {
    const stamp = `${isoTime(this.#options.now()).slice(0, 26).replace(/[-:.]/g, "")}Z`;
    const taken = new Set(await filesSetAside(this.#options.path));
    for (let n = 0; ; n++) {
      const name = `audit_log.${stamp}-${String(n).padStart(3, "0")}.jsonl`;
      if (!taken.has(name)) return join(dirname(this.#options.path), name);
    }
  }
}
