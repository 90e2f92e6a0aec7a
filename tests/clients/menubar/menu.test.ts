import { describe, expect, test } from "bun:test";
import { menu } from "#clients/menubar/menu.ts";
import { type MenuFormat, menuLine } from "#clients/menubar/menu-line.ts";
import { steerAll } from "#clients/menubar/steer-all.ts";
import { startFakeGateway } from "#fixtures/fake-gateway.ts";
import { createClient } from "#sdk/client.ts";

const options = (format: MenuFormat = "swiftbar") => ({
  format,
  commandOf: (...words: string[]) => ["/opt/ag", ...words, "--data-dir=/d"],
  serve: ["/opt/ag", "serve"],
});
const run = (runId: string, waiting: object | null, more: object = {}) => ({
  run_id: runId,
  workflow_id: "b@1:f",
  status: "waiting",
  paused: false,
  waiting,
  ...more,
});
const asks = { reason: "user", wait_key: 'k"|1', prompt: "Which | one?\n--now", choices: ["red", { label: "--blue" }] };

function gatewayWith(runs: object[], counts = { running: 2, waiting: runs.length, paused: 0 }) {
  return startFakeGateway((request) => {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith("/status")) return Response.json({ runs: counts });
    if (pathname.endsWith("/runs")) return Response.json({ items: runs });
    return Response.json({ items: [{ bundle_id: "hello", entrypoints: [], default_entrypoint: null }] });
  });
}

async function shown(
  runs: object[],
  format?: MenuFormat,
  counts?: { running: number; waiting: number; paused: number },
) {
  await using gateway = gatewayWith(runs, counts);
  const client = createClient({ baseUrl: gateway.url });
  const text = await menu(() => Promise.resolve(client), options(format));
  return { lines: text.split("\n"), requests: gateway.requests };
}

const titles = (lines: string[]) => lines.map((line) => line.split(" | ")[0]);

describe("the menu", () => {
  test("shows health, questions with their choices, runs, what can be started and pause all", async () => {
    const { lines, requests } = await shown([run("R1", asks)]);
    expect(titles(lines)).toEqual([
      "◆ ▸2 ?1",
      "---",
      "? Which ¦ one? --now",
      "--red",
      "--‐‐blue",
      "---",
      "2 running, 1 waiting",
      expect.stringMatching(/^http/),
      "Open the terminal client",
      "---",
      "Start",
      "--hello",
      "Pause all",
      "Ask again",
    ]);
    expect(requests).toHaveLength(3);
  });

  test("a choice calls back with the run, the question and its number, whatever the texts have in them", async () => {
    const { lines } = await shown([run("R1", asks)]);
    expect(lines[4]).toEndWith(
      'bash="/opt/ag" param1="menubar" param2="answer" param3="R1" param4="--wait=k%22%7C1" param5="--choice=2" param6="--data-dir=/d" terminal=false refresh=true',
    );
  });

  test("consent to tools shows every call and asks yes or no", async () => {
    const details = {
      mode: "approval_required",
      tool_calls: [{ name: "execute_command", arguments: { command: "ls" } }],
    };
    const { lines } = await shown([run("R1", { reason: "user", wait_key: "t", prompt: null, details })]);
    expect(titles(lines).slice(2, 6)).toEqual([
      "? execute_command",
      '--execute_command {"command":"ls"}',
      "--✓ Allow",
      "--✗ Deny",
    ]);
    expect(lines[4]).toContain('param5="--allow"');
  });

  test("paused runs ask nobody and can be let go on; timers and children are no questions", async () => {
    const runs = [
      run("R1", asks, { paused: true }),
      run("R2", { reason: "until", until: "2027-01-01T00:00:00Z" }),
      run("R3", { reason: "user", wait_key: "pause:R3", details: { kind: "pause" } }),
    ];
    const { lines } = await shown(runs, "swiftbar", { running: 0, waiting: 2, paused: 2 });
    expect(titles(lines)).not.toContain("? Which ¦ one? --now");
    expect(titles(lines)).toContain("Resume all");
    expect(titles(lines)).not.toContain("Pause all");
    expect(lines[0]).toStartWith("◆ |");
  });

  test("a gateway that is away has its own icon and a way to start it; a wrong token is said", async () => {
    const away = await menu(() => Promise.resolve(null), options());
    expect(titles(away.split("\n"))).toEqual([
      "◇ away",
      "---",
      "No gateway is running here.",
      "Start the gateway",
      "Ask again",
    ]);
    const closed = createClient({ baseUrl: "http://127.0.0.1:1" });
    expect(await menu(() => Promise.resolve(closed), { ...options(), serve: null })).not.toContain("Start the gateway");
    await using gateway = startFakeGateway(() => Response.json({ detail: "Unauthorized" }, { status: 401 }));
    const client = createClient({ baseUrl: gateway.url });
    const refused = await menu(() => Promise.resolve(client), options());
    expect(titles(refused.split("\n"))).toEqual(["◇ !", "---", "Unauthorized", "Ask again"]);
  });
});

describe("a line of the menu", () => {
  test.each([
    ["a|b\r\nc", "a¦b c"],
    ["---", "‐‐‐"],
    ["--x", "‐‐x"],
    ["\u001b[31mred\u001b]0;rm\u0007", "red]0;rm"],
    ["\u202eevil", "evil"],
    ["", " "],
    ["x".repeat(5_000_000), `${"x".repeat(71)}…`],
  ])("from %p is one harmless line", (text, expected) => {
    const line = menuLine({ text }, "swiftbar");
    expect(line.split(" | ")).toHaveLength(2);
    expect(line.startsWith(`${expected} | `)).toBe(true);
    expect(line).not.toMatch(/[\r\n]/);
  });

  test("Argos gets one shell line, in which an address with a quote stays a word", () => {
    const line = menuLine({ text: "x", command: ["/opt/a g", "run", "it's"] }, "argos");
    expect(line).toContain(`bash="'/opt/a g' run 'it'\\''s'"`);
    expect(line).toContain("useMarkup=false");
  });
});

test("pause all reaches what lives and is not paused, once each, and tells what was refused", async () => {
  await using gateway = startFakeGateway((request, body) => {
    const url = new URL(request.url);
    if (request.method === "POST") return Response.json({ accepted: true, duplicate: false, seq: 1, body });
    if (url.pathname.includes("/commands/")) {
      const refuses = gateway.requests.some(
        (each) => each.body.includes('"R2"') && each.body.includes(url.pathname.split("/").at(-1) ?? ""),
      );
      return Response.json({
        outcome: refuses ? { status: "refused", message: "no" } : { status: "applied", message: "ok" },
      });
    }
    const isRunning = url.searchParams.get("status") === "running";
    return Response.json({
      items: isRunning ? [run("R1", null)] : [run("R2", asks), run("R3", asks, { paused: true })],
    });
  });
  const client = createClient({ baseUrl: gateway.url });
  expect(await steerAll(client, "pause")).toEqual({ done: 1, refused: ["R2: no"] });
  const sent = gateway.requests.filter(({ method }) => method === "POST").map(({ body }) => JSON.parse(body));
  expect(sent.map((each) => `${each.type} ${each.run_id}`).sort()).toEqual(["pause R1", "pause R2"]);
});
