import { openForWriting } from "#ledger/sqlite/database.ts";
import { GroupWriter, type Job } from "#ledger/sqlite/group-writer.ts";
import type { WriterMessage, WriterReply } from "#ledger/sqlite/jobs.ts";
import type { Cell } from "#ledger/sqlite/run-row.ts";
import { storageError } from "#ledger/sqlite/storage-error.ts";
import { CellReader } from "#ledger/sqlite/wire.ts";

/*
 * Entry of the writer thread: the only place with a write connection. While a commit waits for the disk, messages pile up in the port;
 * they are all taken before the next commit, which is the whole of group commit.
 */
declare const self: Worker;

// One transaction is bounded, so that its first batch does not wait for its last for long.
const maxGroup = 512;
/** 8 MiB of log, used again and again: a log that grows makes every sync slower, since its new blocks have to be synced with it. */
const checkpointFrames = 2048;
const idleMs = 1000;

let writer: GroupWriter | null = null;
let queue: Job[] = [];
let scheduled = false;
let closing = false;
let idle: Timer | null = null;
let leftFrames = 0;
let isQuiet = true;

self.onmessage = (event: MessageEvent<WriterMessage>) => {
  const message = event.data;
  if (message === "close") closing = true;
  else if (Array.isArray(message)) enqueue(message);
  else return open(message);
  schedule();
};

function open(options: Exclude<WriterMessage, Cell[] | "close">): void {
  try {
    writer = new GroupWriter(openForWriting(options.path, options), options.origin);
    reply({ ready: true });
  } catch (error) {
    const { code, message } = storageError(error);
    reply({ failed: { code, message } });
  }
}

function enqueue(cells: Cell[]): void {
  const reader = new CellReader(cells);
  while (!reader.done) {
    const length = reader.number();
    const id = reader.number();
    const kind = reader.number();
    queue.push({ id, kind, cells: new CellReader(reader.slice(length)) });
  }
}

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  setImmediate(flush);
}

function flush(): void {
  scheduled = false;
  if (!writer) return;
  const jobs = queue.length > maxGroup ? queue.splice(0, maxGroup) : queue;
  if (jobs === queue) queue = [];
  if (jobs.length > 0) {
    const answers = writer.run(jobs);
    const out: Cell[] = [];
    for (const [index, job] of jobs.entries()) {
      const answer = answers[index] ?? null;
      out.push(job.id, answer && JSON.stringify(answer));
    }
    reply(out);
    checkpointLater(writer);
  }
  if (queue.length > 0) schedule();
  else if (closing) close(writer);
}

/** After the answer is out, so that no commit waits for its own checkpoint. */
function checkpointLater(at: GroupWriter): void {
  if (at.walFrames() - leftFrames > checkpointFrames) checkpoint(at);
  isQuiet = false;
  idle ??= setTimeout(checkpointWhenQuiet, idleMs);
}

function checkpointWhenQuiet(): void {
  idle = isQuiet ? null : setTimeout(checkpointWhenQuiet, idleMs);
  if (isQuiet && writer) checkpoint(writer);
  isQuiet = true;
}

function checkpoint(at: GroupWriter): void {
  try {
    leftFrames = at.checkpoint();
  } catch {
    // A full or failing disk shows in the next commit, which has somebody to tell; the log still holds everything.
  }
}

function close(at: GroupWriter): void {
  if (idle) clearTimeout(idle);
  writer = null;
  try {
    at.close();
  } catch {
    // Without the last checkpoint the next start reads the log: nothing is lost.
  }
  reply({ closed: true });
}

function reply(message: WriterReply): void {
  postMessage(message);
}
