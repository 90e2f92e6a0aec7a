import { createReadStream, existsSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { AppError, messageOf } from "#core/errors.ts";
import { isObject, numberOf } from "#core/value.ts";
import { parseJson } from "#core/json.ts";
import type { PythonStore, StoredLine } from "#ledger/python/python-store.ts";

const runName = /^run_(.+)\.json$/;
const ledgerName = /^ledger_(.+)\.jsonl$/;

/** Whether a folder has runs of the file store. */
export async function hasFileRuns(folder: string): Promise<boolean> {
  return (await namesIn(folder)).some((name) => runName.test(name));
}

/** `run_<id>.json`, `ledger_<id>.jsonl`, `commands.jsonl` and `commands_cursor.json` of a folder. */
export function openFileStore(folder: string): PythonStore {
  const ids = async (pattern: RegExp) =>
    (await namesIn(folder)).flatMap((name) => pattern.exec(name)?.[1] ?? []).sort();
  return {
    kind: "file",
    async *runs() {
      for (const runId of await ids(runName)) yield { runId, text: await text(join(folder, `run_${runId}.json`)) };
    },
    async run(runId) {
      const path = join(folder, `run_${runId}.json`);
      return existsSync(path) ? text(path) : null;
    },
    records: (runId) => lines(join(folder, `ledger_${runId}.jsonl`)),
    commands: () => lines(join(folder, "commands.jsonl")),
    async commandCursor() {
      const path = join(folder, "commands_cursor.json");
      if (!existsSync(path)) return 0;
      try {
        const value = parseJson(await text(path));
        return (isObject(value) && numberOf(value["cursor"])) || 0;
      } catch (cause) {
        if (cause instanceof AppError) throw cause;
        throw new AppError("storage", `${path} is damaged: ${messageOf(cause)}`, { cause });
      }
    },
    async orphans() {
      const known = new Set(await ids(runName));
      return (await ids(ledgerName)).filter((runId) => !known.has(runId));
    },
    close: () => Promise.resolve(),
  };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw new AppError("storage", `The folder ${folder} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

async function text(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new AppError("storage", `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** The lines of a file that are not empty; none when there is no such file. */
async function* lines(path: string): AsyncGenerator<StoredLine> {
  if (!existsSync(path)) return;
  const input = createReadStream(path, { encoding: "utf8" });
  let number = 0;
  let held: StoredLine | null = null;
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1;
      if (line.trim() === "") continue;
      if (held) yield held;
      held = { text: line, place: `line ${number}`, isLast: false };
    }
  } catch (cause) {
    throw new AppError("storage", `${path} cannot be read: ${messageOf(cause)}`, { cause });
  } finally {
    input.destroy();
  }
  if (held) yield { ...held, isLast: true };
}
