import { readFileSync, readdirSync } from "node:fs";

/** A variable that every process of a command inherits, so that those which left its group are found. */
export const commandMark = "ABSTRACTGATEWAY_COMMAND";

/** A process may start another one between two looks; so many looks in a row must find none. */
const maxRounds = 20;

/**
 * Kills every process that carries the mark in its environment, wherever it went. On Linux only: other systems do not show environments. What
 * cleared its environment and left the session on purpose is not found.
 */
export function killMarked(mark: string): void {
  for (let round = 0; round < maxRounds; round++) {
    const found = markedProcesses(mark);
    if (found.length === 0) return;
    for (const pid of found) kill(pid);
  }
}

function markedProcesses(mark: string): number[] {
  const entry = `${commandMark}=${mark}`;
  return processIds().filter((pid) => environmentOf(pid).includes(entry));
}

function processIds(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** Empty for those of other users, and for those that have just ended. */
function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It was faster.
  }
}
