import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { type JsonObject, isObject } from "#core/value.ts";
import { executeCommand } from "#tools/execute-command.ts";
import type { Workspace } from "#tools/workspace.ts";
import { Folder, call, failure } from "./tool-bench.ts";

const environment = { ...process.env, ABSTRACTGATEWAY_AUTH_TOKEN: "secret-token", OPENAI_API_KEY: "secret-key" };
const tool = executeCommand(environment);

async function run(args: JsonObject, workspace: Workspace, signal?: AbortSignal): Promise<JsonObject> {
  const answer = await call(tool, args, workspace, signal);
  if (!isObject(answer)) throw new Error("the answer is no object");
  return answer;
}

/** Whether a process is there and not merely waiting to be collected. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8") : "";
  return !/\) [ZX] /.test(stat);
}

/** Waits until a process has ended; the system takes a moment after the signal. */
async function ended(pid: number): Promise<boolean> {
  const deadline = performance.now() + 3000;
  while (isAlive(pid) && performance.now() < deadline) await Bun.sleep(5);
  return !isAlive(pid);
}

const pidsIn = (text: unknown) => String(text).trim().split(/\s+/).map(Number);

describe("execute_command", () => {
  test("answers output, exit code and duration", async () => {
    using root = new Folder({ "sub/a.txt": "" });
    const answer = await run({ cmd: "ls; echo oops >&2; exit 3", cwd: "sub" }, root.workspace());
    expect(answer).toMatchObject({ success: false, return_code: 3, stdout: "a.txt\n", stderr: "oops\n" });
    expect(answer).toMatchObject({ timed_out: false, truncated: false });
    expect(answer["rendered"]).toMatch(/^\$ ls; .*\n\[exit code 3, [\d.]+ s\]\n--- stdout\na.txt\n--- stderr\noops$/);
    expect(typeof answer["duration_s"]).toBe("number");
    expect(await run({ command: "true" }, root.workspace())).toMatchObject({
      success: true,
      return_code: 0,
      stdout: "",
    });
  });

  test("runs in the root of the workspace by default, without input", async () => {
    using root = new Folder();
    expect(await run({ command: "pwd; cat" }, root.workspace())).toMatchObject({ stdout: `${root.path}\n` });
  });

  test("hands on no secrets", async () => {
    using root = new Folder();
    const { stdout } = await run({ command: "env" }, root.workspace());
    const names = String(stdout)
      .trim()
      .split("\n")
      .map((line) => line.split("=")[0] ?? "");
    const allowed = [
      "PATH",
      "HOME",
      "LANG",
      "TMPDIR",
      "TERM",
      "PWD",
      "OLDPWD",
      "SHLVL",
      "_",
      "ABSTRACTGATEWAY_COMMAND",
    ];
    expect(names.filter((name) => !allowed.includes(name))).toEqual([]);
    expect(names).toContain("PATH");
    expect(stdout).not.toContain("secret");
  });

  test("kills everything that it has started when its time is up", async () => {
    using root = new Folder();
    const command = "sleep 300 & echo $!; (sleep 300 & echo $!; wait) & echo $!; wait";
    const answer = await run({ command, timeout: 0.5 }, root.workspace());
    expect(answer).toMatchObject({ success: false, timed_out: true, return_code: 137 });
    expect(answer["rendered"]).toContain("its time was up");
    const pids = pidsIn(answer["stdout"]);
    expect(pids).toHaveLength(3);
    for (const pid of pids) expect(await ended(pid)).toBe(true);
  });

  test("kills what ignores a request to end", async () => {
    using root = new Folder();
    const command = "trap '' TERM INT HUP; echo $$; while :; do sleep 1; done";
    const answer = await run({ command, timeout: 0.3 }, root.workspace());
    expect(await ended(pidsIn(answer["stdout"])[0] ?? 0)).toBe(true);
  });

  test("leaves nothing running in the background when it ends by itself", async () => {
    using root = new Folder();
    const answer = await run({ command: "nohup sleep 300 > /dev/null 2>&1 & echo $!" }, root.workspace());
    expect(answer).toMatchObject({ success: true, timed_out: false });
    expect(await ended(pidsIn(answer["stdout"])[0] ?? 0)).toBe(true);
  });

  test.skipIf(Bun.which("setsid") === null)(
    "ends a process that left its session and holds the output open, and does not wait for it",
    async () => {
      using root = new Folder();
      const from = performance.now();
      const answer = await run({ command: "setsid sleep 300 & echo $!" }, root.workspace());
      expect(performance.now() - from).toBeLessThan(3000);
      expect(await ended(pidsIn(answer["stdout"])[0] ?? 0)).toBe(true);
      expect(answer).toMatchObject({ success: true });
    },
  );

  test.skipIf(Bun.which("setsid") === null || process.platform !== "linux")(
    "ends a service that made itself nobody's child, while the command runs into its time",
    async () => {
      using root = new Folder();
      const daemon = "setsid sh -c '(sleep 300 & echo $! > pid; touch ready) &' </dev/null >/dev/null 2>&1";
      const answer = await run({ command: `${daemon}; while :; do sleep 1; done`, timeout: 1 }, root.workspace());
      expect(answer).toMatchObject({ timed_out: true });
      expect(existsSync(root.at("ready"))).toBe(true);
      expect(await ended(pidsIn(readFileSync(root.at("pid"), "utf8"))[0] ?? 0)).toBe(true);
    },
  );

  test("ends everything when the call is aborted", async () => {
    using root = new Folder();
    const stop = new AbortController();
    const answer = run(
      { command: "sleep 300 & echo $! > pid; echo done > ready; wait" },
      root.workspace(),
      stop.signal,
    );
    while (!existsSync(root.at("ready"))) await Bun.sleep(5);
    stop.abort();
    expect(await failure(answer)).toBe("cancelled: The call was cancelled");
    expect(await ended(pidsIn(readFileSync(root.at("pid"), "utf8"))[0] ?? 0)).toBe(true);
  });

  test("does not start at all when it is aborted before", async () => {
    using root = new Folder();
    expect(await failure(run({ command: "touch a" }, root.workspace(), AbortSignal.abort()))).toStartWith(
      "cancelled: ",
    );
    expect(existsSync(root.at("a"))).toBe(false);
  });

  test("keeps the beginning and the end of a flood", async () => {
    using root = new Folder();
    const command = "echo first; yes 0123456789 | head -c 30000000; echo last; echo quiet >&2";
    const answer = await run({ command }, root.workspace());
    expect(answer).toMatchObject({ success: true, truncated: true, stderr: "quiet\n" });
    expect(String(answer["stdout"]).length).toBeLessThan(41_000);
    expect(answer["stdout"]).toStartWith("first\n");
    expect(answer["stdout"]).toEndWith("last\n");
    expect(answer["stdout"]).toMatch(/\n\[truncated: 299\d+ bytes left out here\]\n/);
  });

  test("bounds a flood without end by its time", async () => {
    using root = new Folder();
    const answer = await run({ command: "yes", timeout: "0.3" }, root.workspace());
    expect(answer).toMatchObject({ timed_out: true, truncated: true });
    expect(String(answer["stdout"]).length).toBeLessThan(41_000);
  });

  test("counts an end by a signal as shells do", async () => {
    using root = new Folder();
    expect(await run({ command: "kill -TERM $$" }, root.workspace())).toMatchObject({
      return_code: 143,
      success: false,
    });
  });

  test.each([
    [{ command: " " }, "invalid_request: The command is empty"],
    [{ command: "echo\0" }, "invalid_request: The command has a NUL character in it"],
    [{ command: "x".repeat(100_001) }, "too_large: The command has 100001 characters; 100000 are allowed"],
    [{ command: "true", timeout: 0 }, "invalid_request: timeout 0 is not a number of seconds above 0"],
    [
      { command: "true", timeout: "soon" },
      "invalid_request: The argument 'timeout' of 'execute_command' must be a number, not 'soon'",
    ],
    [{ command: "true", working_directory: ".." }, "forbidden: '..' leads out of the workspace of this run"],
    [{ command: "true", working_directory: "absent" }, "not_found: 'absent' does not exist"],
    [{ command: "true", working_directory: "a.txt" }, "invalid_request: working_directory 'a.txt' is not a folder"],
    [{}, "invalid_request: The tool 'execute_command' needs the argument 'command'"],
  ])("refuses %j", async (args, sentence) => {
    using root = new Folder({ "a.txt": "" });
    expect(await failure(call(tool, args, root.workspace()))).toBe(sentence);
  });
});
