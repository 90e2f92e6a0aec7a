import { type ConsolaInstance, createConsola } from "consola/core";
import type { CliContext, Output } from "#cli/context.ts";

const styles = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;
export type Style = keyof typeof styles;
export type Paint = (style: Style, text: string) => string;

/** Colours for one output: none when it is no terminal, or when NO_COLOR is set to anything (no-color.org). */
export function paintFor(context: CliContext, output: Output): Paint {
  const isOn = output.isTTY === true && !context.env["NO_COLOR"] && context.env["TERM"] !== "dumb";
  return (style, text) => (isOn ? `\x1b[${styles[style][0]}m${text}\x1b[${styles[style][1]}m` : text);
}

export function print(context: CliContext, text: string): void {
  context.stdout.write(`${text}\n`);
}

export function printJson(context: CliContext, value: unknown): void {
  print(context, JSON.stringify(value, null, 2));
}

/** Messages to the person at the terminal; they go to stderr, so that stdout stays the command's result. */
export function notices(context: CliContext): ConsolaInstance {
  const paint = paintFor(context, context.stderr);
  const marks: Record<string, string> = {
    error: paint("red", "error: "),
    warn: paint("yellow", "warning: "),
    success: paint("green", "✓ "),
  };
  return createConsola({
    level: 3,
    throttle: 0,
    reporters: [
      { log: ({ type, args }) => context.stderr.write(`${marks[type] ?? ""}${args.map(String).join(" ")}\n`) },
    ],
  });
}

/** One line on stderr that shows how far a long command is, and goes away. Nothing where stderr is no terminal. */
export class StatusLine {
  readonly #output: Output;
  #shownMs = 0;

  constructor(context: CliContext) {
    this.#output = context.stderr;
  }

  /** At most ten times a second: a terminal over a slow line must not slow the work down. */
  show(text: string): void {
    const nowMs = performance.now();
    if (this.#output.isTTY !== true || nowMs - this.#shownMs < 100) return;
    this.#shownMs = nowMs;
    this.#output.write(`\r\x1b[K${text}`);
  }

  clear(): void {
    if (this.#shownMs > 0) this.#output.write("\r\x1b[K");
    this.#shownMs = 0;
  }
}

/** Text in columns, each as wide as its widest cell. */
export function table(rows: string[][]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  const line = (row: string[]) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd();
  return rows.map(line).join("\n");
}
