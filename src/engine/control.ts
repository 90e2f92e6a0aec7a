import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { Execution } from "#engine/engine.ts";

const stackPath = ["_temp", "_control", "stack"];
const returnPath = ["_temp", "_control", "return_to"];

/** The control blocks that a run is in, innermost last (contract flow-runtime 2.7). */
export function stackOf(execution: Execution): string[] {
  const stack = execution.vars.peek(...stackPath);
  return Array.isArray(stack) ? (stack as string[]) : [];
}

/** The block that gets the run back when this node has nowhere to go. */
export function enclosing(execution: Execution, nodeId: string): string | null {
  const top = stackOf(execution).at(-1);
  return top === undefined || top === nodeId ? null : top;
}

export function markReturn(execution: Execution, blockId: string): void {
  execution.vars.set(returnPath, blockId);
}

export function forgetReturn(execution: Execution): void {
  execution.vars.delete(returnPath);
}

/** True once, when the run came back to this block from its body. */
export function takeReturn(execution: Execution, blockId: string): boolean {
  if (execution.vars.peek(...returnPath) !== blockId) return false;
  execution.vars.delete(returnPath);
  return true;
}

export function frameOf(execution: Execution, blockId: string): JsonObject | null {
  const frame = execution.vars.peek("_temp", "_control", "frames", blockId);
  return isObject(frame) ? frame : null;
}

/** Opens a block. A block that is entered again by an edge starts afresh, and what was open inside it is closed. */
export function openFrame(execution: Execution, blockId: string, frame: JsonObject): void {
  const stack = stackOf(execution);
  const at = stack.indexOf(blockId);
  for (const inner of at < 0 ? [] : stack.slice(at + 1)) deleteFrame(execution, inner);
  execution.vars.set(stackPath, [...(at < 0 ? stack : stack.slice(0, at)), blockId]);
  execution.vars.set(["_temp", "_control", "frames", blockId], frame);
}

/** Puts a node on the stack that has no state of its own: its branch comes back to it. */
export function openBare(execution: Execution, nodeId: string): void {
  const stack = stackOf(execution);
  if (!stack.includes(nodeId)) execution.vars.set(stackPath, [...stack, nodeId]);
}

/** Writes one field: the frame's items are not written again. */
export function setFrame(execution: Execution, blockId: string, field: string, value: Value): void {
  execution.vars.set(["_temp", "_control", "frames", blockId, field], value);
}

export function closeFrame(execution: Execution, blockId: string): void {
  deleteFrame(execution, blockId);
  const stack = stackOf(execution);
  const at = stack.lastIndexOf(blockId);
  if (at >= 0) execution.vars.set(stackPath, stack.slice(0, at));
}

function deleteFrame(execution: Execution, blockId: string): void {
  execution.vars.delete(["_temp", "_control", "frames", blockId]);
}
