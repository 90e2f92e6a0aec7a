import type { Editor } from "#core/delta.ts";
import type { Value } from "#core/value.ts";
import type { Write } from "#effects/effect-handler.ts";

/** Whether everything can be written as it was meant: a list whose beginning is replaced must still begin as it did. */
export function canWrite(vars: Editor, writes: readonly Write[]): boolean {
  return writes.every((write) => !("begin" in write) || beginsWith(vars.peek(...write.path), write.begin));
}

/** Writes what an effect asks for. A beginning that somebody else replaced meanwhile stays. */
export function applyWrites(vars: Editor, writes: readonly Write[]): void {
  for (const write of writes) {
    if ("append" in write) vars.append(write.path, write.append);
    else if ("value" in write) vars.set(write.path, write.value);
    else {
      const list = vars.peek(...write.path);
      if (beginsWith(list, write.begin)) vars.set(write.path, [...write.begin.items, ...list.slice(write.begin.count)]);
    }
  }
}

function beginsWith(list: Value | undefined, { count, last }: { count: number; last: Value }): list is Value[] {
  return Array.isArray(list) && list.length >= count && Bun.deepEquals(list[count - 1], last);
}
