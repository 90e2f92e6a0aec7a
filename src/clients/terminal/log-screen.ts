import { messageOf } from "#core/errors.ts";
import type { StepRecord } from "#core/record.ts";
import { telling } from "#sdk/record-text.ts";
import type { LedgerEntry } from "#sdk/wire.ts";
import { type Key, movement } from "#clients/terminal/key.ts";
import { type Line, type Look, cell, fitted, safe } from "#clients/terminal/line.ts";
import { RunTree } from "#clients/terminal/run-tree.ts";
import type { Desk, Screen } from "#clients/terminal/screen.ts";
import { Window } from "#clients/terminal/window.ts";

interface Row {
  entry: LedgerEntry;
  runId: string;
  depth: number;
}

const marks: Record<StepRecord["status"], [mark: string, look: Look]> = {
  started: ["▸", "dim"],
  waiting: ["?", "warn"],
  completed: ["✓", "good"],
  failed: ["✗", "bad"],
};

/** More rows than this are not kept: a run may have a million records. */
const maxRows = 20_000;

/** The ledger of a run and its children, live. */
export class LogScreen implements Screen {
  readonly writing = null;
  readonly hint = "enter record · j k move · G follow · a answer · s session · esc back";
  readonly #desk: Desk;
  readonly #runId: string;
  readonly #window = new Window();
  readonly #closed = new AbortController();
  #rows: Row[] = [];
  #dropped = 0;
  /** Null while the newest record is followed. */
  #chosen: number | null = null;
  #isOver = false;
  #isFollowing = false;

  constructor(desk: Desk, runId: string) {
    this.#desk = desk;
    this.#runId = runId;
  }

  get title(): string {
    const state = this.#isOver ? "over" : this.#chosen === null ? "following" : "stopped: G follows again";
    return `Log of run ${safe(this.#runId)} · ${this.#rows.length + this.#dropped} records · ${state}`;
  }

  open(): void {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    const { tell, connection, notify } = bound(this.#desk);
    const listener = {
      onEntry: (entry: LedgerEntry, run: { runId: string; depth: number }) => this.#add({ entry, ...run }),
      onLost: () => connection(false),
      onConnect: () => connection(true),
      onEnd: (runId: string) => {
        if (runId === this.#runId) this.#isOver = true;
        tell();
      },
      onFailure: (error: unknown) => notify(messageOf(error)),
    };
    new RunTree(this.#desk.client, { listener, signal: this.#closed.signal, withChildren: true }).follow(this.#runId);
  }

  /** For good: a log that is opened again begins anew. */
  end(): void {
    this.#closed.abort();
  }

  lines(width: number, height: number): Line[] {
    if (this.#rows.length === 0) return [[], [{ text: "  No records yet.", look: "dim" }]];
    if (this.#chosen === null) this.#window.toEnd();
    else this.#window.show(this.#chosen);
    const [from, to] = this.#window.of(this.#rows.length, height);
    const chosen = this.#chosen ?? this.#rows.length - 1;
    return this.#rows.slice(from, to).map((row, index) => rowLine(row, width, from + index === chosen));
  }

  key(key: Key): boolean {
    const move = movement(key);
    if (move) return this.#move(move);
    const row = this.#rows[this.#chosen ?? this.#rows.length - 1];
    if (key.name === "escape") this.#desk.back();
    else if (key.name === "enter" && row)
      this.#desk.openText(`Record ${row.entry.cursor} of ${safe(row.runId)}`, detail(row));
    else if (key.name === "text" && key.text === "a") this.#desk.openQuestion(row?.runId ?? this.#runId);
    else if (key.name === "text" && key.text === "s")
      this.#desk.openSession(row?.entry.record.session_id ?? this.#runId);
    else return false;
    return true;
  }

  #move(move: NonNullable<ReturnType<typeof movement>>): boolean {
    const last = this.#rows.length - 1;
    const by = { up: -1, down: 1, pageUp: -20, pageDown: 20, start: -Infinity, end: Infinity }[move];
    const next = Math.max(0, Math.min(last, (this.#chosen ?? last) + by));
    this.#chosen = next >= last ? null : next;
    return true;
  }

  /** Records of a run and of its children come over lines of their own: their times say what was first. */
  #add(row: Row): void {
    const at = timeOf(row);
    const place = this.#rows.findLastIndex((each) => each.runId === row.runId || timeOf(each) <= at) + 1;
    this.#rows.splice(place, 0, row);
    if (this.#chosen !== null && place <= this.#chosen) this.#chosen++;
    if (this.#rows.length > maxRows) {
      const gone = this.#rows.splice(0, maxRows / 10).length;
      this.#dropped += gone;
      if (this.#chosen !== null) this.#chosen = Math.max(0, this.#chosen - gone);
    }
    this.#desk.tell();
  }
}

function timeOf({ entry: { record } }: Row): string {
  return record.ended_at ?? record.started_at;
}

/** Methods that are handed on without their object. */
function bound(desk: Desk): Pick<Desk, "tell" | "connection" | "notify"> {
  return {
    tell: () => desk.tell(),
    connection: (isThere) => desk.connection(isThere),
    notify: (text) => desk.notify(text),
  };
}

function rowLine({ entry: { cursor, record }, depth }: Row, width: number, isChosen: boolean): Line {
  const [mark, look] = marks[record.status];
  const effect = record.effect?.type ?? "end";
  const wide = width >= 100 ? 20 : 12;
  const line: Line = [
    { text: `${isChosen ? "›" : " "}${String(cursor).padStart(5)} `, look: "dim" },
    { text: `${"  ".repeat(Math.min(depth, 4))}${mark} `, look },
    { text: `${cell(safe(record.node_id, 200), wide)} ` },
    { text: `${cell(safe(effect, 200), wide + 3)} `, look: "dim" },
    { text: telling(record), ...(record.status === "failed" ? { look: "bad" as const } : {}) },
  ];
  if (!isChosen) return fitted(line, width);
  return [{ text: cell(line.map(({ text }) => text).join(""), width), look: "selected" }];
}

function detail({ entry }: Row): string {
  return JSON.stringify(entry.record, null, 2);
}
