import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { screenLines } from "#clients/terminal/app.tsx";
import type { Key } from "#clients/terminal/key.ts";
import { widthOf } from "#clients/terminal/line.ts";
import { Terminal } from "#clients/terminal/terminal.ts";
import { type FakeGateway, done, eventStream, startFakeGateway, step } from "#fixtures/fake-gateway.ts";
import { createClient } from "#sdk/client.ts";

const evil = "\u001b]0;owned\u0007\u001b[2J日本語 ".repeat(40);
const run = (runId: string, more: object = {}) => ({
  run_id: runId,
  workflow_id: `b@1:${evil}`,
  status: "waiting",
  paused: false,
  session_id: "S",
  updated_at: "2026-01-01T00:00:00Z",
  waiting: { reason: "user", wait_key: "k", prompt: evil, choices: ["red", "blue"] },
  ...more,
});

let gateway: FakeGateway;
let terminal: Terminal;
let runs: object[];

beforeEach(() => {
  runs = [run("R1"), run("R2", { status: "completed", waiting: null })];
  gateway = startFakeGateway((request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (request.method === "POST" && pathname.endsWith("/start")) return Response.json({ run_id: "R9" });
    if (request.method === "POST") return Response.json({ accepted: true, duplicate: false, seq: 1 });
    if (pathname.includes("/commands/")) return Response.json({ outcome: { status: "applied", message: "Answered" } });
    if (pathname.endsWith("/ledger/stream")) return eventStream(step(1, { status: "failed", error: evil }), done);
    if (pathname.endsWith("/schedules")) return Response.json({ items: [] });
    if (/\/runs\/[^/]+$/.test(pathname)) return Response.json(run("R1"));
    const status = searchParams.get("status");
    return Response.json({ items: runs.filter((each) => !status || (each as { status: string }).status === status) });
  });
  terminal = new Terminal({
    client: createClient({ baseUrl: gateway.url }),
    target: { bundle_id: "agent" },
    model: null,
    sessionId: null,
  });
});
afterEach(async () => {
  terminal.end();
  await gateway[Symbol.asyncDispose]();
});

const press = (name: Key["name"], text = "") => terminal.key({ name, text });
const type = (text: string) => Array.from(text, (each) => press("text", each));
const texts = (columns = 80, rows = 24) =>
  screenLines(terminal, columns, rows).map((line) => line.map(({ text }) => text).join(""));

/** Waits for the screen to have a text; every change tells. */
async function shows(text: string): Promise<string[]> {
  while (!texts().some((line) => line.includes(text))) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = terminal.changes.subscribe(resolve);
    await promise;
    stop();
  }
  return texts();
}

describe("the screen", () => {
  test.each([
    [80, 24],
    [200, 50],
    [60, 14],
  ])(
    "has in every view exactly the lines of %dx%d, none too wide, nothing that drives a terminal",
    async (columns, rows) => {
      for (const [digit, text] of [
        ["2", "Sessions"],
        ["3", "R1"],
        ["4", "R1"],
        ["5", "No schedules"],
      ] as const) {
        press("escape");
        type(digit);
        await shows(text);
        const lines = texts(columns, rows);
        expect(lines).toHaveLength(rows);
        expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(columns);
        // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
        expect(lines.join("")).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }
    },
  );

  test("the log of a run shows its records without what drives a terminal", async () => {
    press("escape");
    type("3");
    await shows("R1");
    press("enter");
    const lines = await shows("]0;owned");
    // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
    expect(lines.join("")).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    await shows("over");
    press("enter");
    await shows("Record 1 of");
    press("escape");
    press("escape");
    await shows("Runs, last change first");
  });

  test("the inbox counts who asks, and a choice answers by its number, once", async () => {
    await shows("4 Inbox (1)");
    press("escape");
    type("4");
    await shows("› R1");
    press("enter");
    await shows("  2  blue");
    type("7");
    press("enter");
    await shows("Choose 1 to 2");
    type("2");
    press("enter");
    await shows("Answered");
    const sent = gateway.requests.filter(({ method }) => method === "POST").map(({ body }) => JSON.parse(body));
    expect(sent).toMatchObject([
      { run_id: "R1", type: "resume", payload: { wait_key: "k", payload: { response: "blue" } } },
    ]);
  });

  test("cancel asks first: another key than y does nothing", async () => {
    press("escape");
    type("3");
    await shows("› R1");
    type("cx");
    expect(texts().join("\n")).not.toContain("y/n");
    expect(gateway.requests.some(({ method }) => method === "POST")).toBe(false);
    type("c");
    expect(texts().join("\n")).toContain("Cancel run R1? y/n");
    type("y");
    await shows("Answered");
    const sent = gateway.requests.findLast(({ method }) => method === "POST");
    expect(JSON.parse(sent?.body ?? "{}")).toMatchObject({ run_id: "R1", type: "cancel" });
  });

  test("a message begins a run in the session with what was said before; letters are text while one writes", async () => {
    type("jq? 3");
    expect(texts().at(-2)).toBe(" say › jq? 3");
    press("enter");
    await shows("› jq? 3");
    const sent = gateway.requests.find(({ path }) => path.endsWith("/runs/start"));
    expect(JSON.parse(sent?.body ?? "{}")).toMatchObject({
      bundle_id: "agent",
      session_id: terminal.sessionId,
      input_data: { prompt: "jq? 3", use_context: true, context: { messages: [] } },
    });
  });

  test("what was written stays when the gateway is away, and that is shown", async () => {
    await gateway[Symbol.asyncDispose]();
    type("hello");
    press("enter");
    const lines = await shows("○ no answer");
    expect(lines.at(-2)).toBe(" say › hello");
  });

  test("commands, help, tabs and leaving", async () => {
    type("/runs");
    press("enter");
    await shows("Runs, last change first");
    press("tab");
    await shows("[4 Inbox");
    type("?");
    await shows("Keys everywhere");
    type("q");
    type("/nonsense");
    press("enter");
    await shows("There is no command '/nonsense'.");
    type("q");
    await terminal.quit;
  });

  test("a long line that is written slides, and a paste with line breaks sends nothing", () => {
    terminal.paste(`one\r\ntwo ${"x".repeat(300)} end`);
    const line = texts().at(-2) ?? "";
    expect(line).toEndWith("x end");
    expect(widthOf(line)).toBeLessThanOrEqual(80);
    expect(terminal.editor.text).toStartWith("one\ntwo");
    expect(gateway.requests.some(({ method }) => method === "POST")).toBe(false);
  });
});
