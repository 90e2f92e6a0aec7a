import { parseJson, parseObject } from "#core/json.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";

/** One change of a run's vars. `s` sets, `d` deletes, `a` appends to an array (made when missing). */
export type Op = ["s", string[], Value] | ["d", string[]] | ["a", string[], Value];

/** Applies ops in order to a document that nobody else holds. */
export function applyOps(document: JsonObject, ops: Op[]): void {
  for (const op of ops) {
    const path = op[1];
    const last = path[path.length - 1];
    if (last === undefined) continue;
    const parent = container(document, path);
    if (op[0] === "d") remove(parent, last);
    else if (op[0] === "s") assign(parent, last, op[2]);
    else append(parent, last, op[2]);
  }
}

/** A document from the text of a snapshot and those of the deltas after it. */
export function restoreVars(snapshot: string, deltas: string[]): JsonObject {
  const vars = parseObject(snapshot);
  for (const delta of deltas) applyOps(vars, parseJson(delta) as unknown as Op[]);
  return vars;
}

/**
 * A run's vars with a note of what changed, so that a commit writes the change and not the whole.
 * Containers on a written path are copied once and then owned, so a value that is also held elsewhere never changes under its holder.
 */
export class Editor {
  #root: JsonObject;
  #owned = new WeakSet<object>();
  /** Null where an op was taken back. */
  #ops: (Op | null)[] = [];
  /** Where the ops of each path are. */
  #touched = new Touched();
  /** For a write that followed a delete of the same path: where that delete is. */
  #deletedBefore = new Map<number, number>();

  constructor(root: JsonObject) {
    this.#root = { ...root };
    this.#owned.add(this.#root);
  }

  /** The whole document. Treat it as read-only. */
  get root(): JsonObject {
    return this.#root;
  }

  /** A live reference for looking at; it must not be kept. Undefined when missing. */
  peek(...path: string[]): Value | undefined {
    let at: Value | undefined = this.#root;
    for (const key of path) at = child(at, key);
    return at;
  }

  /** A value that may be kept and stored elsewhere: later writes do not touch it. */
  read(...path: string[]): Value | undefined {
    const value = this.peek(...path);
    this.#disown(value);
    return value;
  }

  /** Throws when the path leads through a list to something that is no item of it nor the place behind its last one. */
  set(path: string[], value: Value): void {
    if (!this.#hasPlace(path)) throw new Error(`'${path.join(".").slice(0, 80)}' is no place in a list`);
    assign(this.#parent(path), last(path), value);
    const known = this.#untouched(path, "s");
    if (known !== null) {
      this.#ops[known] = ["s", path, value];
      return;
    }
    const deleted = this.#untouched(path, "d");
    const index = this.#note(["s", path, value]);
    if (deleted !== null) this.#deletedBefore.set(index, deleted);
  }

  delete(path: string[]): void {
    if (this.peek(...path) === undefined) return;
    const parent = this.#parent(path);
    remove(parent, last(path));
    const known = Array.isArray(parent) ? null : this.#untouched(path, "s");
    if (known !== null) this.#takeBack(known, path);
    else {
      const index = this.#note(["d", path]);
      // The items behind it have other places now: writes to them are not the same as before.
      if (Array.isArray(parent)) this.#touched.reorder(path.slice(0, -1), index);
    }
  }

  /** What was written and is deleted again comes to a delete, and to nothing after an earlier delete. */
  #takeBack(index: number, path: string[]): void {
    const deleted = this.#deletedBefore.get(index);
    this.#ops[index] = deleted === undefined ? ["d", path] : null;
    if (deleted !== undefined) this.#touched.restore(path, deleted);
  }

  /** A path that `set` would refuse is left alone: what is appended comes from effects, which are done and must not fail any more. */
  append(path: string[], value: Value): void {
    if (!this.#hasPlace(path)) return;
    const parent = this.#parent(path);
    const key = last(path);
    const current = child(parent, key);
    const array = Array.isArray(current) ? (this.#owned.has(current) ? current : [...current]) : [];
    this.#owned.add(array);
    array.push(value);
    assign(parent, key, array);
    this.#note(["a", path, value]);
  }

  /** A part of the document that somebody found by looking may now be kept, as if it came from `read`. */
  release(part: Value): void {
    this.#disown(part);
  }

  get dirty(): boolean {
    return this.#ops.length > 0;
  }

  /** The ops since the last call, in an order that replays to the same document. A path that is written over and over is there once. */
  take(): Op[] {
    const ops = this.#ops.filter((op) => op !== null);
    this.#ops = [];
    this.#deletedBefore.clear();
    this.#touched = new Touched();
    return ops;
  }

  #hasPlace(path: string[]): boolean {
    let at: Value | undefined = this.#root;
    for (const key of path) {
      if (Array.isArray(at) && !hasPlace(at, key)) return false;
      at = child(at, key);
    }
    return true;
  }

  #note(op: Op): number {
    const index = this.#ops.push(op) - 1;
    this.#touched.note(op[1], index);
    return index;
  }

  /** The last op of this path, if it is of this kind and nothing since has touched what is around or inside it. */
  #untouched(path: string[], kind: "s" | "d"): number | null {
    const index = this.#touched.lastAlone(path);
    return index !== null && this.#ops[index]?.[0] === kind ? index : null;
  }

  /** The container that holds the path's last key, owned and ready to be changed. */
  #parent(path: string[]): JsonObject | Value[] {
    if (!this.#owned.has(this.#root)) {
      this.#root = { ...this.#root };
      this.#owned.add(this.#root);
    }
    let at: JsonObject | Value[] = this.#root;
    for (const key of path.slice(0, -1)) {
      const next: Value | undefined = child(at, key);
      if (typeof next === "object" && next !== null && this.#owned.has(next)) {
        at = next as JsonObject | Value[];
        continue;
      }
      const copy: JsonObject | Value[] = Array.isArray(next) ? [...next] : isObject(next) ? { ...next } : {};
      this.#owned.add(copy);
      assign(at, key, copy);
      at = copy;
    }
    return at;
  }

  #disown(value: Value | undefined): void {
    if (typeof value !== "object" || value === null || !this.#owned.has(value)) return;
    this.#owned.delete(value);
    for (const inner of Array.isArray(value) ? value : Object.values(value)) this.#disown(inner);
  }
}

/** What is known of one path: the last op at exactly it, and the last one at or below it. */
interface Mark {
  at: number;
  within: number;
  children: Map<string, Mark> | null;
}

/** Numbers of ops by path, as a tree of keys. */
class Touched {
  #root: Mark = { at: -1, within: -1, children: null };

  note(path: string[], index: number): void {
    let mark = this.#root;
    mark.within = index;
    for (const key of path) {
      mark = childMark(mark, key);
      mark.within = index;
    }
    mark.at = index;
  }

  /** What is below this path has other places now. */
  reorder(path: string[], index: number): void {
    this.#find(path).at = index;
  }

  /** The op that followed this one at the same path was taken back. */
  restore(path: string[], index: number): void {
    const mark = this.#find(path);
    mark.at = index;
    mark.within = index;
  }

  /** The last op at this path, if no later one is around or inside it. */
  lastAlone(path: string[]): number | null {
    let mark = this.#root;
    let around = -1;
    for (const key of path) {
      around = Math.max(around, mark.at);
      const next = mark.children?.get(key);
      if (!next) return null;
      mark = next;
    }
    return mark.at >= 0 && mark.within === mark.at && around <= mark.at ? mark.at : null;
  }

  #find(path: string[]): Mark {
    let mark = this.#root;
    for (const key of path) mark = childMark(mark, key);
    return mark;
  }
}

function childMark(mark: Mark, key: string): Mark {
  mark.children ??= new Map();
  const known = mark.children.get(key);
  if (known) return known;
  const child: Mark = { at: -1, within: -1, children: null };
  mark.children.set(key, child);
  return child;
}

/** A list can be written at its items and right behind them; further on there would be a hole. */
function hasPlace(array: Value[], key: string): boolean {
  return /^\d+$/.test(key) && Number(key) <= array.length;
}

function last(path: string[]): string {
  const key = path[path.length - 1];
  if (key === undefined) throw new Error("an empty path cannot be written");
  return key;
}

function container(document: JsonObject, path: string[]): JsonObject | Value[] {
  let at: JsonObject | Value[] = document;
  for (const key of path.slice(0, -1)) {
    let next: Value | undefined = child(at, key);
    if (!Array.isArray(next) && !isObject(next)) {
      next = {};
      assign(at, key, next);
    }
    at = next;
  }
  return at;
}

function child(at: Value | undefined, key: string): Value | undefined {
  if (Array.isArray(at)) return /^\d+$/.test(key) ? at[Number(key)] : undefined;
  return isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
}

function assign(at: JsonObject | Value[], key: string, value: Value): void {
  if (Array.isArray(at)) {
    if (hasPlace(at, key)) at[Number(key)] = value;
  } else if (key === "__proto__") {
    Object.defineProperty(at, key, { value, enumerable: true, configurable: true, writable: true });
  } else at[key] = value;
}

function remove(at: JsonObject | Value[], key: string): void {
  if (Array.isArray(at)) at.splice(Number(key), 1);
  else delete at[key];
}

function append(at: JsonObject | Value[], key: string, value: Value): void {
  const current = child(at, key);
  if (Array.isArray(current)) current.push(value);
  else assign(at, key, [value]);
}
