import { describe, expect, test } from "bun:test";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli, startCli } from "#fixtures/cli.ts";
import { type FakeGateway, done, startFakeGateway, step } from "#fixtures/fake-gateway.ts";

const wait = (fields: Record<string, unknown>) => ({
  status: "waiting",
  effect: { type: "ask_user", payload: {}, result_key: null },
  result: {
    wait: { reason: "user", wait_key: "user:R:ask", allow_free_text: true, choices: [], details: null, ...fields },
  },
});
const end = (output: unknown) => ({ node_id: "end", result: { completed: true, output } });

interface Script {
  /** What the stream says before the first command and after it. */
  before: string;
  after?: string;
  status?: string;
  error?: string;
  /** What the streams of child runs say before the first command. */
  children?: Record<string, string>;
}

/** A gateway with one run R that goes on when it gets a command. */
function scripted(script: Script): FakeGateway & { commands: any[] } {
  const commands: any[] = [];
  const { promise: commanded, resolve } = Promise.withResolvers<void>();
  const gateway = startFakeGateway((request, body) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/api/gateway/runs/start") return Response.json({ run_id: "R" });
    if (pathname === "/api/gateway/commands") {
      commands.push(JSON.parse(body));
      resolve();
      return Response.json({ accepted: true, duplicate: false, seq: commands.length });
    }
    if (pathname.endsWith("/ledger/stream")) {
      const runId = pathname.split("/")[4] ?? "";
      const child = script.children?.[runId];
      return stream(async (send) => {
        send(child ?? script.before);
        if (child === undefined && script.after === undefined) return;
        await commanded;
        send(child === undefined ? (script.after ?? "") : done);
      });
    }
    return Response.json({ run_id: "R", status: script.status ?? "completed", error: script.error ?? null });
  });
  return Object.assign(gateway, { commands });
}

function stream(write: (send: (text: string) => void) => Promise<void>): Response {
  const body = new ReadableStream({
    async start(controller) {
      await write((text) => controller.enqueue(new TextEncoder().encode(text)));
      controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

const url = (gateway: FakeGateway) => ["--url", gateway.url, "--token", "t"];

describe("run", () => {
  test("starts a run, shows its steps on stderr and prints its output on stdout", async () => {
    await using gateway = scripted({ before: step(1, end({ response: "Hi Ada" })) + done });
    const result = await runCli([
      "run",
      "hello@1.0.0:main",
      "--input",
      "name=Ada",
      "-i",
      "n=2",
      "--session",
      "s1",
      ...url(gateway),
    ]);
    expect(result.exitCode).toBe(0);
    expect(JSON.parse(result.stdout)).toEqual({ response: "Hi Ada" });
    expect(result.stderr).toContain("✓ end");
    expect(JSON.parse(gateway.requests[0]?.body ?? "")).toEqual({
      bundle_id: "hello@1.0.0",
      flow_id: "main",
      input_data: { name: "Ada", n: 2 },
      session_id: "s1",
    });
  });

  test("keeps 5.0 a float in the output", async () => {
    const record = JSON.stringify({ run_id: "R", node_id: "end", status: "completed", effect: null, result: 0 });
    const text = `event: step\ndata: {"cursor": 1, "record": ${record.replace('"result":0', '"result":{"output":{"x":5.0}}')}}\n\n`;
    await using gateway = scripted({ before: text + done });
    expect((await runCli(["run", "b", ...url(gateway)])).stdout).toContain('"x": 5.0');
  });

  test("with --json prints one object and no steps", async () => {
    await using gateway = scripted({ before: step(1, end({ a: 1 })) + done });
    const { stdout, stderr } = await runCli(["run", "b", "--json", ...url(gateway)]);
    expect(JSON.parse(stdout)).toEqual({ run_id: "R", status: "completed", output: { a: 1 }, error: null });
    expect(stderr).toBe("");
  });

  test("a failed run is exit code 1 with its error", async () => {
    await using gateway = scripted({
      before: step(1, { status: "failed", error: "boom" }) + done,
      status: "failed",
      error: "boom",
    });
    const { exitCode, stderr, stdout } = await runCli(["run", "b", ...url(gateway)]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("error: Failed: boom");
    expect(stdout).toBe("");
  });

  test.each([
    [{ prompt: "Name?" }, "Ada\n", { response: "Ada" }],
    [{ prompt: "Colour?", choices: ["red", "blue"] }, "2\n", { response: "blue" }],
    [{ prompt: "Colour?", choices: ["red", "blue"], allow_free_text: false }, "pink\nRED\n", { response: "red" }],
    [{ prompt: "Colour?", choices: ["red", "blue"] }, "pink\n", { response: "pink" }],
    [
      { details: { mode: "approval_required", tool_calls: [{ name: "write_file", arguments: { path: "a" } }] } },
      "y\n",
      { approved: true },
    ],
    [{ details: { mode: "approval_required", tool_calls: [] } }, "no\n", { approved: false, reason: "Denied by user" }],
  ])("answers %j with the line %j", async (fields, input, payload) => {
    await using gateway = scripted({ before: step(1, wait(fields)), after: step(2, end({})) + done });
    const { exitCode, stderr } = await runCli(["run", "b", ...url(gateway)], { input });
    expect(exitCode).toBe(0);
    expect(gateway.commands).toHaveLength(1);
    expect(gateway.commands[0]).toMatchObject({
      run_id: "R",
      type: "resume",
      payload: { wait_key: "user:R:ask", payload },
    });
    if ("prompt" in fields) expect(stderr).toContain(fields.prompt);
  });

  test("asks what a child run asks", async () => {
    const sub = { reason: "subworkflow", wait_key: "subworkflow:C", details: { sub_run_id: "C" } };
    await using gateway = scripted({
      before: step(1, wait(sub)),
      after: step(2, end({})) + done,
      children: { C: step(1, wait({ wait_key: "user:C:ask", prompt: "Child?" })) },
    });
    await runCli(["run", "b", ...url(gateway)], { input: "yes\n" });
    expect(gateway.commands[0]).toMatchObject({
      run_id: "C",
      payload: { wait_key: "user:C:ask", payload: { response: "yes" } },
    });
  });

  test("takes a question back when it is answered elsewhere", async () => {
    const before = step(1, wait({ prompt: "Name?" }));
    const resumed = step(2, { effect: { type: "resume", payload: {}, result_key: null }, result: { resumed: true } });
    const elsewhere = Promise.withResolvers<void>();
    await using gateway = startFakeGateway((request) => {
      if (request.url.endsWith("/runs/start")) return Response.json({ run_id: "R" });
      if (!request.url.includes("/stream")) return Response.json({ run_id: "R", status: "completed", error: null });
      return stream(async (send) => {
        send(before);
        await elsewhere.promise;
        send(resumed + step(3, end({})) + done);
      });
    });
    const cli = await startCli(["run", "b", ...url(gateway)], { keepOpen: true });
    await cli.shows("Name?");
    elsewhere.resolve();
    expect((await cli.done).exitCode).toBe(0);
    expect(gateway.requests.some((request) => request.path.endsWith("/commands"))).toBe(false);
  });

  test("says so when the run asks and the input has ended", async () => {
    await using gateway = scripted({ before: step(1, wait({ prompt: "Name?" })), after: done });
    const { exitCode, stderr } = await runCli(["run", "b", ...url(gateway)]);
    expect(stderr).toContain("error: The run waits for an answer and the input has ended: Name?");
    expect(exitCode).toBe(75);
  });

  test("^C cancels the run, exit code 130; the second ^C leaves at once", async () => {
    await using gateway = scripted({
      before: step(1, wait({ reason: "event", wait_key: "evt:x" })),
      after: done,
      status: "cancelled",
      error: "Cancelled at the terminal",
    });
    const cli = await startCli(["run", "b", ...url(gateway)], { keepOpen: true });
    await cli.shows("waits for event");
    cli.signal("SIGINT");
    cli.signal("SIGINT");
    expect(await cli.done).toMatchObject({ exitCode: 130 });
    expect(cli.aborts).toEqual([130]);
    expect(gateway.commands).toHaveLength(1);
    expect(gateway.commands[0]).toMatchObject({ type: "cancel", run_id: "R" });
  });

  test("control characters in a flow's texts do not reach the terminal", async () => {
    await using gateway = scripted({ before: step(1, { status: "failed", error: "\x1b[2Jboo\x07" }) + done });
    const { stderr } = await runCli(["run", "b", ...url(gateway)]);
    expect(stderr).toContain("boo");
    for (const control of ["\x1b", "\x07"]) expect(stderr).not.toContain(control);
  });

  test("without a gateway it has its own for the time of the run, on a loopback port with a token of its own", async () => {
    await using gateway = scripted({ before: step(1, end({})) + done });
    const events: string[] = [];
    const dataDir = await mkdtemp(join(tmpdir(), "gateway-own-"));
    const { exitCode } = await runCli(["run", "b", "--data-dir", dataDir], {
      createApp: async (settings) => {
        events.push(`${settings.host}:${settings.port} ${settings.runner} ${settings.dataDir === dataDir}`);
        expect(settings.auth.tokens[0]).toMatch(/^[0-9a-f]{32}$/);
        return {
          listen: async () => ({ url: gateway.url }),
          stop: async () => void events.push("stopped"),
        };
      },
    });
    expect(exitCode).toBe(0);
    expect(events).toEqual(["127.0.0.1:0 true true", "stopped"]);
  });

  test("a named gateway that is not there is exit code 69, not a gateway of its own", async () => {
    const { exitCode, stderr } = await runCli(["run", "b", "--url", "http://127.0.0.1:1", "--token", "t"]);
    expect(exitCode).toBe(69);
    expect(stderr).toContain("error: The gateway at http://127.0.0.1:1 cannot be reached");
  });
});

test("logs prints the ledger page by page, as lines or as JSON", async () => {
  const records = [JSON.parse(step(1, end({ x: 1 })).split("data: ")[1] ?? "").record];
  await using gateway = startFakeGateway((request) => {
    const after = Number(new URL(request.url).searchParams.get("after"));
    return Response.json({ items: records.slice(after), next_after: 1 });
  });
  expect((await runCli(["logs", "R", ...url(gateway)])).stdout).toMatch(/^ +1 ✓ end +end +\{"x":1\}\n$/);
  const { stdout } = await runCli(["logs", "R", "--json", ...url(gateway)]);
  expect(JSON.parse(stdout)).toEqual({ cursor: 1, record: records[0] });
});

test("logs -f follows to the end and answers how the run ended", async () => {
  await using gateway = scripted({ before: step(3, end({})) + done, status: "failed", error: "x" });
  const { exitCode, stdout } = await runCli(["logs", "R", "-f", "--after", "2", ...url(gateway)]);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^ +3 ✓ end/);
});

describe("runs", () => {
  const run = {
    run_id: "R",
    workflow_id: "b@1:f",
    status: "waiting",
    updated_at: "2026-11-23T00:03:24.734961+00:00",
    waiting: { reason: "user" },
  };

  test("lists runs in columns and as JSON", async () => {
    await using gateway = startFakeGateway(() => Response.json({ items: [run] }));
    const { stdout } = await runCli(["runs", "--status", "waiting", "--limit", "7", ...url(gateway)]);
    expect(stdout).toBe(
      "RUN  STATUS   WORKFLOW  UPDATED              WAITS FOR\nR    waiting  b@1:f     2026-11-23T00:03:24  user\n",
    );
    expect(gateway.requests[0]?.path).toBe(
      "/api/gateway/runs?limit=7&status=waiting&root_only=true&include_drafts=false",
    );
    expect(JSON.parse((await runCli(["runs", "--json", ...url(gateway)])).stdout)).toEqual([run]);
  });

  test("an unknown run is exit code 66 with the server's sentence", async () => {
    await using gateway = startFakeGateway(() => Response.json({ detail: "Run 'x' not found" }, { status: 404 }));
    for (const words of [["show"], ["pause"], ["resume"], ["cancel"]]) {
      const { exitCode, stderr } = await runCli(["runs", ...words, "x", ...url(gateway)]);
      expect(exitCode).toBe(66);
      expect(stderr).toBe("error: Run 'x' not found\n");
    }
    expect(gateway.requests.every((request) => request.method === "GET")).toBe(true);
  });

  test.each([
    ["applied", 0, "Paused."],
    ["refused", 75, "Paused."],
  ])("a command that was %s is exit code %d", async (status, code, message) => {
    await using gateway = startFakeGateway((request) => {
      if (request.method === "POST") return Response.json({ accepted: true, duplicate: false, seq: 3 });
      if (request.url.includes("/commands/")) return Response.json({ outcome: { status, message } });
      return Response.json(run);
    });
    const { exitCode, stdout, stderr } = await runCli(["runs", "pause", "R", "--reason", "lunch", ...url(gateway)]);
    expect(exitCode).toBe(code);
    expect(stdout + stderr).toContain(message);
    const sent = gateway.requests.find((request) => request.method === "POST");
    expect(JSON.parse(sent?.body ?? "{}")).toMatchObject({ run_id: "R", type: "pause", payload: { reason: "lunch" } });
  });

  test("a wrong token is exit code 77", async () => {
    await using gateway = startFakeGateway(() => Response.json({ detail: "Unauthorized" }, { status: 401 }));
    expect((await runCli(["runs", ...url(gateway)])).exitCode).toBe(77);
  });
});
