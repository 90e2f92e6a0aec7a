import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive } from "#fixtures/bundles.ts";
import { type BotApiServer, startBotApiServer } from "#fixtures/bot-api-server.ts";
import { type Gateway, startGateway, token } from "#fixtures/gateway.ts";
import { type OpenAiServer, type Reply, startOpenAiServer } from "#fixtures/openai-server.ts";
import { ask } from "#fixtures/sample-flows.ts";

const ada = 11;
let telegram: BotApiServer;
let models: OpenAiServer;
let gateway: Gateway;
let dataDir: string;

const start = (env: Record<string, string> = {}) =>
  startGateway({
    dataDir,
    env: {
      OPENAI_BASE_URL: `${models.url}/v1`,
      OPENAI_API_KEY: "test",
      ABSTRACTGATEWAY_PROBE_SERVERS: "0",
      ABSTRACTGATEWAY_DEFAULT_PROVIDER: "openai-compatible",
      ABSTRACTGATEWAY_DEFAULT_MODEL: "test-model",
      ABSTRACT_ENABLE_TELEGRAM_TOOLS: "1",
      ABSTRACT_TELEGRAM_BRIDGE: "1",
      ABSTRACT_TELEGRAM_BOT_TOKEN: telegram.token,
      ABSTRACT_TELEGRAM_API_ROOT: telegram.url,
      ABSTRACT_TELEGRAM_ALLOWED_USERS: String(ada),
      ABSTRACT_TELEGRAM_QUESTIONS_S: "0.1",
      ABSTRACT_TELEGRAM_RETRY_FIRST_S: "0.02",
      ABSTRACT_TELEGRAM_RETRY_LONGEST_S: "0.1",
      ...env,
    },
  });

beforeEach(async () => {
  telegram = startBotApiServer();
  models = await startOpenAiServer();
  dataDir = await mkdtemp(join(tmpdir(), "gateway-telegram-"));
  gateway = await start();
});
afterEach(async () => {
  await gateway.close();
  await telegram.close();
  await models.close();
});

const texts = (chat = ada) => telegram.chat(chat).map(({ text }) => text);
const says = (text: string, chat = ada) =>
  telegram.until(() => texts(chat).some((each) => each.includes(text)), `'${text}'`);
const call = (name: string, args: object): Reply => ({
  content: "",
  toolCalls: [{ id: "c1", name, arguments: JSON.stringify(args) }],
});
const asked = () => models.requests.filter(({ path }) => path.endsWith("/chat/completions")).map(({ body }) => body);
const warnings = (text: string) => gateway.output.split("\n").filter((line) => line.includes(text));
const consent = () => {
  const found = telegram.chat(ada).findLast(({ buttons }) => buttons.some(({ text }) => text === "Approve"));
  if (!found) throw new Error("nobody was asked for consent");
  return found;
};
const runsOf = async (chat = ada) =>
  (await gateway.get(`/runs?session_id=telegram:${chat}&root_only=true`)).body.items as any[];

test("a conversation with a file, a consent, kill -9 in the middle and repeated updates: nothing is lost, nothing comes twice", async () => {
  const file_id = telegram.addFile(new TextEncoder().encode("The word is river."));
  models.replies.push(call("write_file", { file_path: "word.txt", content: "river" }), { content: "I wrote it down." });
  const document = { file_id, file_name: "word.txt", mime_type: "text/plain", file_size: 18 };
  const first = telegram.write({ caption: "Write the word down", document });
  await says("Allow it?");
  expect(JSON.stringify(asked()[0]?.messages)).toContain("The word is river.");

  await gateway.kill();
  telegram.repeat(first);
  const pressed = telegram.press(consent(), "Approve");
  gateway = await start();
  await says("I wrote it down.");
  const [written = ""] = [...new Bun.Glob("workspaces/*/word.txt").scanSync(dataDir)];
  expect(await readFile(join(dataDir, written), "utf8")).toBe("river");

  telegram.repeat(first);
  telegram.repeat(pressed);
  models.replies.push({ content: "It was river." });
  telegram.write({ text: "Which word was it?" });
  await says("It was river.");
  // Told of the conversation so far.
  const told = asked()
    .at(-1)
    ?.messages.map(({ content }: any) => content);
  expect(JSON.stringify(told)).toContain("I wrote it down.");
  await telegram.until(
    () => texts().some((text) => text.startsWith("Approved by local/local-admin (telegram)")),
    "who answered",
  );
  expect(texts().filter((text) => text.includes("I wrote it down."))).toHaveLength(1);
  expect(texts().filter((text) => text.includes("Allow it?"))).toHaveLength(1);
  expect((await runsOf()).map(({ status }) => status)).toEqual(["completed", "completed"]);
  expect(asked()).toHaveLength(3);
}, 60_000);

test("a question of a run that began elsewhere is asked in the owner's chat; whoever answers first, the others see who it was", async () => {
  await gateway.upload("ask", archive("ask", [ask]));
  const here = await gateway.start("ask");
  await says("Name?");
  const question = telegram.chat(ada).find(({ text }) => text.includes("Name?"));
  telegram.write({ text: "Ada", ...(question ? { replyTo: question } : {}) });
  await gateway.until(here, "terminal");
  expect((await gateway.ledger(here)).at(-2)?.result.output.response).toBe("Ada");

  const there = await gateway.start("ask");
  await telegram.until(() => texts().filter((text) => text.includes("Name?")).length === 2, "the second question");
  const body = {
    command_id: "x",
    run_id: there,
    type: "resume",
    payload: { payload: { response: "Bob" } },
    client_id: "tui",
  };
  await gateway.post("/commands", body);
  await says("Answered “Bob” by local/local-admin (tui).");
  expect(telegram.chat(ada).every(({ buttons }) => buttons.length === 0)).toBe(true);
}, 60_000);

test("strangers are passed over, and that is said once", async () => {
  telegram.write({ from: 666, text: "let me in" });
  telegram.write({ from: 666, text: "/whoami" });
  telegram.write({ from: ada, chat: -5, chatType: "group", text: "@gate_bot hello" });
  telegram.write({ from: ada, text: "/whoami" });
  await says("user 11");
  expect(telegram.chat(666)).toEqual([]);
  expect(telegram.chat(-5)).toEqual([]);
  expect(warnings("somebody who is not allowed")).toHaveLength(2);
  expect((await gateway.get("/runs")).body.items).toEqual([]);
}, 30_000);

test("commands: a new session, what runs, cancelling, denying with a reason", async () => {
  models.replies.push(call("write_file", { file_path: "a.txt", content: "x" }), { content: "As you wish." });
  telegram.write({ text: "write" });
  await says("Allow it?");
  telegram.write({ text: "/deny not today" });
  await says("As you wish.");
  expect(JSON.stringify(asked().at(-1)?.messages)).toContain("not today");
  telegram.write({ text: "/runs" });
  await says("completed  agent");
  telegram.write({ text: "/new" });
  await says("A new session begins.");
  telegram.write({ text: "/whoami" });
  await says(`session telegram:${ada}:1`);
  models.replies.push({ silent: true });
  telegram.write({ text: "think for ever" });
  await telegram.until(() => asked().length === 3, "the question to the model");
  telegram.write({ text: "/cancel" });
  await says("Cancelled.");
}, 60_000);

test("a long answer comes in pieces, and what the model says is shown while it grows", async () => {
  const long = Array.from({ length: 900 }, (_, index) => `word${index}`).join(" ");
  models.replies.push({ content: long });
  telegram.write({ text: "talk" });
  await says("word899");
  await telegram.until(() => texts().every((text) => text !== "…"), "the end");
  expect(
    texts()
      .map((text) => text.length)
      .every((length) => length <= 4096),
  ).toBe(true);
  expect(texts().join(" ")).toBe(long);
}, 30_000);

test("a file that is too large is said, and the message goes on without it", async () => {
  const file_id = telegram.addFile(new Uint8Array(10), 50 * 1024 * 1024);
  const document = { file_id, file_name: "film.mp4", mime_type: "video/mp4", file_size: 50 * 1024 * 1024 };
  telegram.write({ caption: "look", document });
  await says("Hello.");
  expect(JSON.stringify(asked()[0]?.messages)).toContain("film.mp4 could not be received: it is larger than 20 MB");
  expect(warnings("a file could not be received")).toHaveLength(1);
}, 30_000);

test("a Telegram that is away, asks for patience or refuses the token is said once each and waited for; nothing is lost", async () => {
  for (const [state, sentence] of [
    ["away", "Telegram:"],
    ["busy", "it asks for patience"],
    ["revoked", "the bot's token is not accepted"],
  ] as const) {
    telegram.state = state;
    const deadline = Date.now() + 10_000;
    while (warnings(sentence).length === 0 && Date.now() < deadline) await Bun.sleep(20);
    telegram.write({ text: `while ${state}` });
    // Several attempts later there is still one sentence.
    await Bun.sleep(500);
    expect(warnings(sentence)).toHaveLength(1);
    telegram.state = "there";
    const count = asked().length;
    await telegram.until(() => asked().length > count, `the message written while ${state}`);
    await telegram.until(() => texts().every((text) => text !== "…"), "the answer");
  }
  expect(warnings("Telegram answers again")).toHaveLength(3);
  expect(gateway.output).not.toContain(telegram.token);
  expect(await runsOf()).toHaveLength(3);
}, 60_000);

test("an agent sends messages and files to the bot's people without asking, and to nobody else", async () => {
  const form = new FormData();
  form.set("session_id", "s1");
  form.set("file", new File(["the report"], "report.txt"));
  const headers = { authorization: `Bearer ${token}` };
  const uploaded = await fetch(`${gateway.url}/api/gateway/attachments/upload`, {
    method: "POST",
    headers,
    body: form,
  });
  const { artifact } = await uploaded.json();
  models.replies.push(
    call("send_telegram_message", { text: "psst", chat_id: "666" }),
    call("send_telegram_message", { text: "good news" }),
    call("send_telegram_artifact", { artifact_id: artifact.$artifact, caption: "here" }),
    { content: "Told." },
  );
  const tools = ["send_telegram_message", "send_telegram_artifact"];
  const runId = await gateway.start("agent", { prompt: "tell ada", tools }, { session_id: "s1" });
  await gateway.follow(runId);
  expect(telegram.chat(666)).toEqual([]);
  expect(JSON.stringify(asked()[1]?.messages)).toContain("is not one of 11");
  expect(texts()).toContain("good news");
  const file = telegram.chat(ada).find((message) => message.file)?.file;
  expect([file?.name, new TextDecoder().decode(file?.bytes)]).toEqual(["report.txt", "the report"]);
}, 30_000);
