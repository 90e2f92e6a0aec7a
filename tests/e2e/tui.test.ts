import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Gateway, executable, startGateway, token } from "#fixtures/gateway.ts";
import { type OpenAiServer, startOpenAiServer } from "#fixtures/openai-server.ts";
import { Tmux, hasTmux } from "#fixtures/tmux.ts";

if (!hasTmux) console.warn("tmux is not here: the terminal client is not driven");

let server: OpenAiServer;
let gateway: Gateway;
let home: string;
let terminal: Tmux;
let port: string;

const start = (dataDir?: string) =>
  startGateway({
    ...(dataDir ? { dataDir, args: ["--port", port] } : {}),
    env: {
      OPENAI_BASE_URL: `${server.url}/v1`,
      OPENAI_API_KEY: "test",
      ABSTRACTGATEWAY_DEFAULT_PROVIDER: "openai-compatible",
      ABSTRACTGATEWAY_DEFAULT_MODEL: "test-model",
      ABSTRACTGATEWAY_PROBE_SERVERS: "0",
      ABSTRACTGATEWAY_GRACE_MS: "100",
    },
  });

const program = executable.map((word) => `'${word}'`).join(" ");
const open = async (size: { columns: number; rows: number }, env: Record<string, string> = {}) => {
  terminal = await Tmux.start({ ...size, cwd: home, env: { HOME: home, ABSTRACTGATEWAY_AUTH_TOKEN: token, ...env } });
};
/** Begins the client on the remote gateway, and waits for its first screen. */
const begin = async (more = "") => {
  await terminal.line(`${program} tui --url ${gateway.url} ${more}; echo "rc=$?"`);
  await terminal.shows("connected");
};

/** Files of that name in the workspaces of runs. */
const written = (name: string) => [...new Bun.Glob(`workspaces/**/${name}`).scanSync(gateway.dataDir)];

describe.if(hasTmux)("the terminal client", () => {
  beforeAll(async () => {
    server = await startOpenAiServer();
    home = await mkdtemp(join(tmpdir(), "gateway-tui-"));
    gateway = await start();
    port = new URL(gateway.url).port;
  });
  afterAll(async () => {
    await gateway.close();
    await server.close();
    await rm(home, { recursive: true, force: true });
  });
  beforeEach(() => {
    server.replies.length = 0;
  });
  afterEach(() => terminal.close());

  test.each([
    [80, 24],
    [200, 50],
  ])(
    "at %dx%d: chat, consent, and a log that is followed through a restart of the gateway elsewhere",
    async (columns, rows) => {
      await open({ columns, rows });
      await terminal.line("echo before");
      await begin();

      // Half an answer, then the gateway goes: what was not durable is replaced by what is.
      server.replies.push({ hang: true }, { content: "Hello Ada, after all." });
      await terminal.line("I am Ada");
      await terminal.shows("Hel▌");
      gateway.process.kill("SIGTERM");
      await gateway.process.exited;
      await terminal.shows("no answer");
      gateway = await start(gateway.dataDir);
      const said = await terminal.shows("Hello Ada, after all.");
      expect(said.match(/Hel/g)).toHaveLength(1);
      await terminal.shows("connected");

      // A tool that asks first.
      const path = `notes-${columns}.txt`;
      const input = JSON.stringify({ file_path: path, content: "rivers" });
      server.replies.push(
        { content: "", toolCalls: [{ id: "c1", name: "write_file", arguments: input }] },
        { content: "It is noted." },
      );
      await terminal.line("Note rivers");
      await terminal.shows("y allows, n denies");
      expect(written(path)).toEqual([]);
      await terminal.press("y");
      const noted = await terminal.shows("It is noted.");
      expect(noted).toContain("✓ write_file");
      expect(noted).toContain("› allowed");
      expect(written(path)).toHaveLength(1);
      const toldAgain = server.requests.at(-1)?.body.messages.map(({ content }: any) => content);
      expect(toldAgain).toContain("Hello Ada, after all.");

      // A log, live, with a restart between two of its records.
      await terminal.line("/run ask-me");
      await terminal.shows("What is your name?");
      const runId = /Log of run ([0-9a-f-]{36})/.exec(await terminal.screen())?.[1] ?? "";
      await gateway.kill();
      await terminal.shows("no answer");
      gateway = await start(gateway.dataDir);
      await terminal.shows("connected");
      await gateway.command(runId, "resume", { payload: { response: "Grace" } });
      const log = await terminal.shows("over");
      const cursors = [...log.matchAll(/^[› ]\s*(\d+) /gm)].map((match) => Number(match[1]));
      expect(cursors).toEqual((await gateway.ledger(runId)).map((_, index) => index + 1));

      await terminal.press("C-c");
      const after = await terminal.shows("rc=0");
      expect(after).toContain("before");
      expect(after).toMatch(/Back with: ?\S* ?abstractgateway tui --session|Left session/);
      expect([await terminal.fact("alternate_on"), await terminal.fact("cursor_flag")]).toEqual(["0", "1"]);
    },
    60_000,
  );

  test("a run that another client began and a question of it are found, answered and steered", async () => {
    await open({ columns: 80, rows: 24 }, { NO_COLOR: "1" });
    const runId = await gateway.start("ask-me", {}, { session_id: "from-elsewhere" });
    await begin();
    await terminal.shows("4 Inbox (1)");
    await terminal.press("Escape");
    await terminal.shows("i write");
    await terminal.press("4");
    await terminal.shows("What is your name?");
    await terminal.press("Enter");
    await terminal.shows("Write an answer, then enter");
    await terminal.line("Ada");
    await terminal.shows("Nobody asks anything.");
    await gateway.until(runId, "terminal");
    await terminal.press("2");
    await terminal.shows("from-elsewhere");
    await terminal.press("5");
    await terminal.shows("No schedules.");
  });

  test("what a model writes neither drives the terminal nor breaks it, however much it is", async () => {
    await open({ columns: 80, rows: 24 });
    const title = await terminal.fact("pane_title");
    const evil = "\u001b]0;owned\u0007\u001b[2J\u001b[?1049l\u001b]52;c;aGk=\u0007\u009b31m";
    server.replies.push({ content: `${evil}${"日本語 lorem ipsum ".repeat(20_000)}${evil} the end` });
    await begin();
    await terminal.line("Write a lot");
    await terminal.shows("more characters");
    expect(await terminal.fact("alternate_on")).toBe("1");
    expect(await terminal.fact("pane_title")).toBe(title);
    await terminal.press("PageUp");
    expect(await terminal.shows("scrolled up")).toContain("日本語 lorem ipsum");
    await terminal.press("C-c");
    await terminal.shows("rc=0");
  });

  test("a window that is too small says so, and goes on when it has grown", async () => {
    await open({ columns: 80, rows: 24 });
    await begin();
    await terminal.resize(40, 10);
    const small = await terminal.shows("This window has 40x10; 60x14 are");
    expect(small.replace(/\s+/g, " ")).toContain("are needed. Make it larger, or leave with ^C.");
    await terminal.resize(120, 30);
    expect(await terminal.shows("say ›")).toContain("[1 Chat]");
  });

  test.each([
    ["TERM", "rc=143"],
    ["HUP", "rc=129"],
    ["QUIT", "rc=131"],
  ])("SIG%s leaves the terminal as it was", async (name, code) => {
    await open({ columns: 80, rows: 24 });
    await terminal.line("echo before");
    await terminal.line(`sh -c 'echo $$ > pid; exec ${program} tui --url ${gateway.url}'; echo "rc=$?"; stty -a`);
    await terminal.shows("connected");
    process.kill(Number(await Bun.file(join(home, "pid")).text()), `SIG${name}`);
    await terminal.shows(code);
    const screen = await terminal.shows(/\bicanon\b/);
    expect(screen).toContain("before");
    expect(screen).toMatch(/ echo\b/);
    expect([await terminal.fact("alternate_on"), await terminal.fact("cursor_flag")]).toEqual(["0", "1"]);
  });

  test("a crash leaves it so too, and says what happened", async () => {
    await open({ columns: 120, rows: 24 });
    await terminal.line("echo before");
    const script = resolve(import.meta.dirname, "../fixtures/crashing-screen.ts");
    await terminal.line(`'${process.execPath}' '${script}'; echo "rc=$?"; stty -a`);
    const screen = await terminal.shows(/rc=70[\s\S]*\bicanon\b/);
    expect(screen).toContain("before");
    expect(screen).toContain("error: nobody expected this");
    expect([await terminal.fact("alternate_on"), await terminal.fact("cursor_flag")]).toEqual(["0", "1"]);
  });

  test("a wrong token, a gateway that is away and an input that is no terminal are sentences", async () => {
    await open({ columns: 120, rows: 24 });
    // Each has a word of its own, so that no test takes the end of one for that of the next.
    const said = async (word: string, command: string, code: number) => {
      await terminal.line(`clear; ${command}; echo "${word} rc=$?"`);
      return terminal.shows(`${word} rc=${code}`);
    };
    expect(await said("token", `${program} tui --url ${gateway.url} --token wrong`, 77)).toContain(
      "error: Unauthorized",
    );
    const away = await said("away", `${program} tui --url http://127.0.0.1:1`, 69);
    expect(away).toContain("error: The gateway at http://127.0.0.1:1 cannot be reached");
    expect(await said("pipe", `echo | ${program} tui`, 69)).toContain(
      "`tui` needs a terminal for its input and its output.",
    );
    expect(await said("model", `${program} tui --model x`, 2)).toContain("'x' is no provider/model");
  });
});
