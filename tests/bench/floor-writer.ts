import { Database } from "bun:sqlite";

/**
 * The least that durability costs: one connection, `synchronous=FULL`, everything that arrived meanwhile is one transaction.
 * No checks, no indexes beyond the keys, no state.
 */
type Message = { id: number } & (
  { kind: "start"; runId: string; body: string } | { kind: "finish"; runNo: number; records: string[] }
);

declare const self: Worker;

let database: Database | null = null;
let queue: Message[] = [];
let isScheduled = false;

self.onmessage = (event: MessageEvent<{ open: string } | Message[]>) => {
  if (!Array.isArray(event.data)) {
    database = open(event.data.open);
    return;
  }
  queue.push(...event.data);
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(flush);
};

function open(path: string): Database {
  const opened = new Database(path, { create: true });
  opened.run("PRAGMA journal_mode=WAL");
  opened.run("PRAGMA synchronous=FULL");
  opened.run("CREATE TABLE runs(no INTEGER PRIMARY KEY, run_id TEXT UNIQUE, status TEXT, head INTEGER, body TEXT)");
  opened.run("CREATE TABLE records(no INTEGER, seq INTEGER, body TEXT, PRIMARY KEY(no, seq)) WITHOUT ROWID");
  return opened;
}

function flush(): void {
  isScheduled = false;
  if (!database) throw new Error("the floor was not opened");
  const insert = database.query<{ no: number }, [string, string]>(
    "INSERT INTO runs(run_id, status, head, body) VALUES(?, 'running', 0, ?) RETURNING no",
  );
  const update = database.query("UPDATE runs SET status='completed', head=? WHERE no=? AND head=0");
  const append = database.query("INSERT INTO records VALUES(?, ?, ?)");
  const batch = queue;
  queue = [];
  const replies: [number, number][] = [];
  database.run("BEGIN IMMEDIATE");
  for (const message of batch) {
    if (message.kind === "start") replies.push([message.id, insert.get(message.runId, message.body)?.no ?? 0]);
    else {
      update.run(message.records.length, message.runNo);
      message.records.forEach((record, index) => append.run(message.runNo, index + 1, record));
      replies.push([message.id, message.records.length]);
    }
  }
  database.run("COMMIT");
  postMessage(replies);
}
