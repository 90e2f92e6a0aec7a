import { parseJson } from "#core/json.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { objectAt } from "#migrate/python/python-run.ts";

/** What the ledger of a live run says beside its stored state. */
export interface LedgerFacts {
  count: number;
  /** How often each node began an effect. */
  visits: JsonObject;
  last: JsonObject | null;
  /** The last record of a wait, by its key. */
  waits: Map<string, JsonObject>;
  /** Child runs that `run_target` of a schedule came to, and when the last of them was started and ended. */
  children: { ended: number; startedAt: string | null; endedAt: string | null; last: string | null };
}

export async function readFacts(bodies: AsyncIterable<string>): Promise<LedgerFacts> {
  const facts: LedgerFacts = {
    count: 0,
    visits: {},
    last: null,
    waits: new Map(),
    children: { ended: 0, startedAt: null, endedAt: null, last: null },
  };
  for await (const body of bodies) {
    const record = parseJson(body);
    if (isObject(record)) note(facts, record);
  }
  return facts;
}

function note(facts: LedgerFacts, record: JsonObject): void {
  facts.count += 1;
  facts.last = record;
  const { status, node_id: node } = record;
  const type = objectAt(record, "effect")["type"];
  if (typeof node !== "string") return;
  if (status === "started" && (record["attempt"] ?? 1) === 1) {
    const before = facts.visits[node];
    facts.visits[node] = (typeof before === "number" ? before : 0) + 1;
  }
  if (status === "waiting") {
    const key = objectAt(record, "result", "wait")["wait_key"];
    if (typeof key === "string") facts.waits.set(key, record);
  }
  if (node === "run_target") noteChild(facts.children, record, type);
}

function noteChild(children: LedgerFacts["children"], record: JsonObject, type: Value | undefined): void {
  if (type === "start_subworkflow" && record["status"] === "started") children.startedAt = textOf(record["started_at"]);
  if (type !== "resume") return;
  children.ended += 1;
  children.endedAt = textOf(record["ended_at"]);
  children.last = textOf(objectAt(record, "effect", "payload", "payload")["sub_run_id"]);
}

function textOf(value: Value | undefined): string | null {
  return typeof value === "string" ? value : null;
}
