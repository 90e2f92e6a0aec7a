import { plain } from "#core/plain-text.ts";
import type { StepRecord } from "#core/record.ts";
import { telling } from "#sdk/record-text.ts";
import type { LedgerEntry } from "#sdk/wire.ts";
import type { Paint, Style } from "#cli/terminal.ts";

const marks: Record<StepRecord["status"], [mark: string, style: Style]> = {
  started: ["▸", "dim"],
  waiting: ["⏸", "yellow"],
  completed: ["✓", "green"],
  failed: ["✗", "red"],
};

/** One record as one line: cursor, state, node, effect and the most telling part of its content. */
export function describeRecord({ cursor, record }: LedgerEntry, paint: Paint): string {
  const [mark, style] = marks[record.status];
  const effect = record.effect?.type ?? "end";
  const what = `${paint(style, mark)} ${plain(record.node_id).padEnd(16)} ${paint("dim", effect.padEnd(16))}`;
  return `${paint("dim", String(cursor).padStart(5))} ${what} ${telling(record)}`.trimEnd();
}
