import { readFileSync, readdirSync } from "node:fs";

/** Sorted quantile; NaN for nothing. */
export function quantile(values: number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

export function round(value: number, digits = 2): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

/** CPU seconds, resident MB and written KB of a process so far. */
export function sample(pid: number): { cpuS: number; rssMb: number; writtenKb: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const written = /wchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1];
  return {
    cpuS: (Number(fields[11]) + Number(fields[12])) / 100,
    rssMb: (Number(fields[21]) * 4096) / 1e6,
    writtenKb: Number(written) / 1024,
  };
}

export function threads(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).length;
}

/** Runs `work(i)` for i below count, so many at a time. */
export async function inParallel(count: number, width: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
}

/** Of the work, in ms. */
export async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

export interface Row {
  what: string;
  measured: number;
  unit: string;
  /** The floor or peer measured in the same run. */
  floor: number | null;
  ratio: number | null;
  target: string;
  ok: boolean;
}

export function print(rows: Row[]): void {
  const cells = rows.map((row) => [
    row.what,
    `${row.measured} ${row.unit}`,
    row.floor === null ? "-" : `${row.floor} ${row.unit}`,
    row.ratio === null ? "-" : String(row.ratio),
    row.target,
    row.ok ? "yes" : "NO",
  ]);
  const table = [["what", "measured", "floor", "ratio", "must", "reached"], ...cells];
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
  for (const line of table) console.log(line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  console.log(JSON.stringify(rows));
}
