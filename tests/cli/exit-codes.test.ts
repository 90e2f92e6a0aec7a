import { expect, test } from "bun:test";
import { exitCodeOfError, exitCodeOfRun } from "#cli/exit-codes.ts";
import { errorCodes } from "#core/errors.ts";

test("every error code has an exit code that is neither success nor a failed run", () => {
  expect(Object.keys(exitCodeOfError).sort()).toEqual([...errorCodes].sort());
  for (const code of Object.values(exitCodeOfError)) expect(code).toBeWithin(2, 131);
});

test("a run's end is its exit code", () => {
  expect(exitCodeOfRun).toEqual({ completed: 0, failed: 1, cancelled: 130 });
});
