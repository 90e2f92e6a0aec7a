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

/**
 * A run's vars with a note of what changed, so that a commit writes the change and not the whole.
 * Containers on a written path are copied once and then owned, so a value that is also held elsewhere never changes under its holder.
 */
export class Editor {
  #root: JsonObject;
  #owned = new WeakSet<object>();
  #ops = new Map<string, Op>();
  #appends = 0;

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

  set(path: string[], value: Value): void {
    assign(this.#parent(path), last(path), value);
    this.#note(path, ["s", path, value]);
  }

  delete(path: string[]): void {
    if (this.peek(...path) === undefined) return;
    remove(this.#parent(path), last(path));
    this.#note(path, ["d", path]);
  }

  append(path: string[], value: Value): void {
    const parent = this.#parent(path);
    const key = last(path);
    const current = child(parent, key);
    const array = Array.isArray(current) ? (this.#owned.has(current) ? current : [...current]) : [];
    this.#owned.add(array);
    array.push(value);
    assign(parent, key, array);
    this.#ops.set(`a${this.#appends++}`, ["a", path, value]);
  }

  /** A part of the document that somebody found by looking may now be kept, as if it came from `read`. */
  release(part: Value): void {
    this.#disown(part);
  }

  get dirty(): boolean {
    return this.#ops.size > 0;
  }

  /** The ops since the last call, the last write of each path only, in an order that replays to the same document. */
  take(): Op[] {
    const ops = [...this.#ops.values()];
    this.#ops.clear();
    this.#appends = 0;
    return ops;
  }

  #note(path: string[], op: Op): void {
    const key = path.join("\u0000");
    this.#ops.delete(key);
    this.#ops.set(key, op);
  }

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
    if (/^\d+$/.test(key)) at[Number(key)] = value;
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
