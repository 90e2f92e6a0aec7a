import { expect, test } from "bun:test";
import { SandboxProcess } from "#sandbox/sandbox-process.ts";
import { never, sandboxCommand } from "./runner.ts";

const endless = {
  source: "for (;;);",
  functionName: "transform",
  locals: [],
  input: "{}",
  permissions: "sandbox" as const,
  memoryBytes: 1e8,
  maxResultBytes: 1000,
};

test("code that outlives its gateway is ended by its own process", async () => {
  const worker = new SandboxProcess({ command: sandboxCommand, language: "javascript", snapshotPath: null });
  await worker.ready();
  const limits = { timeoutMs: 60_000, memoryBytes: 1e8 };
  const answer = await worker.run({ ...endless, timeoutMs: 100 }, limits, never());
  expect(answer).toEqual({ result: { error: "The sandbox process ended (signal SIGALRM)" }, usage: null });
  expect(worker.isAlive).toBe(false);
});

test("a command that is no sandbox is told as what it is", async () => {
  const worker = new SandboxProcess({ command: ["false"], language: "javascript", snapshotPath: null });
  await expect(worker.ready()).rejects.toThrow("The sandbox process ended (exit code 1)");
});

test("a snapshot that is not there is told", async () => {
  const worker = new SandboxProcess({ command: sandboxCommand, language: "python", snapshotPath: "/missing" });
  await expect(worker.ready()).rejects.toThrow("The sandbox could not start: ");
  await worker.exited();
});
