import { existsSync, readFileSync } from "node:fs";
import { totalmem } from "node:os";

/** The rest is for the system, the gateway and whoever else works here. */
const share = 0.8;
/** "No limit" is written as a number near 2^63 by older systems. */
const unlimited = 2 ** 60;

/** Bytes that models may take together: four fifths of the machine's memory, or of the container's when that is less. */
export function memoryBudget(configured: number | null): number {
  return configured ?? Math.floor(Math.min(totalmem(), containerMemory()) * share);
}

function containerMemory(): number {
  for (const path of ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]) {
    if (!existsSync(path)) continue;
    const limit = Number(readFileSync(path, "utf8").trim());
    if (Number.isFinite(limit) && limit > 0 && limit < unlimited) return limit;
  }
  return Number.POSITIVE_INFINITY;
}
