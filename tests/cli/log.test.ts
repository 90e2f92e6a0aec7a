import { expect, test } from "bun:test";
import type { CliContext } from "#cli/context.ts";
import { createLog } from "#cli/log.ts";

function logTo(settings: Parameters<typeof createLog>[1], env: Record<string, string> = {}) {
  const lines: string[] = [];
  const context = { env, stderr: { write: (text: string) => lines.push(text) } } as unknown as CliContext;
  return { log: createLog(context, settings), lines };
}

test("a line of JSON has time, level, message and what it is about", () => {
  const { log, lines } = logTo({ logLevel: "info", logFormat: "json" });
  log.write("warn", "Run r is tried again", { run_id: "r", node: undefined, duration_ms: 5 });
  const [line = ""] = lines;
  expect(line).toEndWith("\n");
  expect(JSON.parse(line)).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    level: "warn",
    message: "Run r is tried again",
    run_id: "r",
    duration_ms: 5,
  });
});

test.each([
  ["error", 1],
  ["warn", 2],
  ["info", 3],
  ["debug", 4],
] as const)("at level %s so many levels are written: %p", (logLevel, count) => {
  const { log, lines } = logTo({ logLevel, logFormat: "text" });
  const levels = ["error", "warn", "info", "debug"] as const;
  for (const level of levels) log.write(level, level);
  expect(lines.length).toBe(count);
  expect(levels.filter((level) => log.isOn(level)).length).toBe(count);
});

test("text for people says what a line is about, and somebody else's text cannot begin another", () => {
  const { log, lines } = logTo({ logLevel: "info", logFormat: "text" });
  log.write("warn", "It failed:\nerror: forged\x1b[2J", { run_id: "r 1", status: 500, node: null });
  expect(lines).toEqual(['warning: It failed: error: forged run_id="r 1" status=500\n']);
});

test("the journal of systemd gets its priorities", () => {
  const { log, lines } = logTo({ logLevel: "debug", logFormat: "text" }, { JOURNAL_STREAM: "8:12345" });
  for (const level of ["error", "warn", "info", "debug"] as const) log.write(level, "x");
  expect(lines).toEqual(["<3>x\n", "<4>x\n", "<6>x\n", "<7>x\n"]);
});
