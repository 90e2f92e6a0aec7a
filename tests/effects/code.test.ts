import { expect, test } from "bun:test";
import { AppError } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import { codeHandler } from "#effects/code.ts";
import type { EffectContext } from "#effects/effect-handler.ts";
import type { CodeOutcome, CodeRequest, CodeRunner } from "#sandbox/code-runner.ts";

const usage = { durationMs: 10, cpuTimeMs: 5, rssBytes: 1024 * 1024, rssDeltaBytes: 0 };
const execution = {
  duration_ms: 10,
  cpu_time_ms: 5,
  cpu_percent: 50,
  memory_rss_mb: 1,
  memory_rss_delta_mb: 0,
  permissions: "sandbox",
};
const payload = {
  language: "python",
  source: "s",
  function_name: "transform",
  input: { a: 1 },
  permissions: "sandbox",
};

function run(outcome: CodeOutcome | Error, changes: JsonObject = {}) {
  const asked: CodeRequest[] = [];
  const runner = {
    run(request: CodeRequest) {
      asked.push(request);
      return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
    },
  } as unknown as CodeRunner;
  const context = { signal: new AbortController().signal } as EffectContext;
  const effect = { type: "code", payload: { ...payload, ...changes }, result_key: null };
  return { asked, effected: codeHandler(runner).run(effect, context) };
}

test("a result's own keys lie under the fixed ones, and the raw result flows on", async () => {
  const value = { n: 1, success: false, result: "mine" };
  const { effected, asked } = run({ value, durationMs: 10, usage }, { locals: [["a", "a"]] });
  expect(await effected).toEqual({
    outcome: { status: "completed", result: { n: 1, success: true, output: value, result: value, execution } },
    writes: [{ path: ["_last_output"], value }],
  });
  expect(asked).toEqual([
    {
      language: "python",
      source: "s",
      functionName: "transform",
      input: { a: 1 },
      permissions: "sandbox",
      locals: [["a", "a"]],
    },
  ]);
});

test("a failure of the code is a record", async () => {
  const { effected } = run({ error: "ValueError: no", durationMs: 10, usage: null });
  const unknown = { cpu_time_ms: null, cpu_percent: null, memory_rss_mb: null, memory_rss_delta_mb: null };
  expect(await effected).toEqual({
    outcome: {
      status: "completed",
      result: {
        success: false,
        output: null,
        result: null,
        error: "ValueError: no",
        execution: { ...execution, ...unknown },
      },
    },
  });
});

test("a sandbox that cannot start fails the effect, which may be tried again", async () => {
  const { effected } = run(
    new AppError("unavailable", "The sandbox process did not start in time", { retryable: true }),
  );
  expect(await effected).toMatchObject({ outcome: { status: "failed", retryable: true } });
});

test.each([
  [{ language: "ruby" }, "'language'"],
  [{ source: 5 }, "'source'"],
  [{ function_name: null }, "'function_name'"],
  [{ input: [] }, "'input'"],
  [{ permissions: "root" }, "'permissions'"],
])("a payload with %j is refused", async (changes, field) => {
  const { effected, asked } = run({ value: 1, durationMs: 1, usage }, changes);
  expect(await effected).toMatchObject({ outcome: { status: "failed", error: expect.stringContaining(field) } });
  expect(asked).toEqual([]);
});
