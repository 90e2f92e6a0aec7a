import { afterEach, describe, expect, test } from "bun:test";
import { readAnswer } from "#clients/bridge/read-answer.ts";
import type { Bridge } from "#clients/bridge/channel.ts";
import type { TelegramOptions } from "#clients/telegram/options.ts";
import { mayTalk, ownerChat } from "#clients/telegram/permission.ts";
import { checkTelegram, startTelegram } from "#clients/telegram/telegram.ts";
import { pieces, tail } from "#clients/telegram/texts.ts";
import type { GatewayClient } from "#sdk/client.ts";
import { type BotApiServer, startBotApiServer } from "#fixtures/bot-api-server.ts";

describe("a text in pieces", () => {
  test.each([
    ["a short one", "hello", 10, ["hello"]],
    ["an empty one", "  ", 10, ["…"]],
    ["cut where a paragraph ends", "aaaaaa\n\nbbbb", 10, ["aaaaaa", "bbbb"]],
    ["cut where a word ends", "aaaaaa bbbbbb", 10, ["aaaaaa", "bbbbbb"]],
    ["one long word", "aaaaaaaaaaaa", 10, ["aaaaaaaaaa", "aa"]],
    ["never in the middle of a character", "aaaaaaaaa😀b", 10, ["aaaaaaaaa", "😀b"]],
  ])("%s", (_name, text, limit, expected) => {
    expect(pieces(text, limit)).toEqual(expected);
  });

  test("the end of a text that grows fits into one message", () => {
    expect(tail("x".repeat(5000)).length).toBeLessThanOrEqual(4096);
  });
});

describe("who may talk to the bot", () => {
  const rules = {
    dmPolicy: "allowlist" as const,
    groupPolicy: "disabled" as const,
    allowedUsers: ["1", "@Ada"],
    allowedChats: ["-5"],
    groupAllowedUsers: [],
    adminUsers: ["9"],
  };
  const user = (id: number, username?: string, is_bot = false) => ({
    id,
    is_bot,
    first_name: "x",
    ...(username ? { username } : {}),
  });
  const dm = { id: 1, type: "private" as const, first_name: "x" };
  const group = (id: number) => ({ id, type: "group" as const, title: "g" });
  test.each([
    ["an allowed number", rules, dm, user(1), true],
    ["an allowed name, whatever its letters' case", rules, dm, user(2, "ada"), true],
    ["an administrator", rules, dm, user(9), true],
    ["a stranger", rules, dm, user(3, "adam"), false],
    ["a bot with an allowed number", rules, dm, user(1, "x", true), false],
    ["a stranger, with an open door", { ...rules, dmPolicy: "open" as const }, dm, user(3), true],
    ["anybody, with private chats disabled", { ...rules, dmPolicy: "disabled" as const }, dm, user(1), false],
    ["anybody in a group, by default", rules, group(-5), user(1), false],
    ["an allowed user in an allowed group", { ...rules, groupPolicy: "allowlist" as const }, group(-5), user(1), true],
    ["an allowed user in another group", { ...rules, groupPolicy: "allowlist" as const }, group(-6), user(1), false],
    ["a stranger in an allowed group", { ...rules, groupPolicy: "allowlist" as const }, group(-5), user(3), false],
  ])("%s", (_name, given, chat, from, expected) => {
    expect(mayTalk(given, chat, from)).toBe(expected);
  });

  test("the owner is the first administrator, else the only user, else nobody", () => {
    expect(ownerChat(rules)).toBe("9");
    expect(ownerChat({ ...rules, adminUsers: [], allowedUsers: ["1"] })).toBe("1");
    expect(ownerChat({ ...rules, adminUsers: [], allowedUsers: ["1", "2"] })).toBeNull();
    expect(ownerChat({ ...rules, adminUsers: [], allowedUsers: ["@Ada"] })).toBeNull();
  });
});

describe("an answer", () => {
  const free = { isConsent: false, choices: [], allowsText: true };
  const choice = { isConsent: false, choices: ["Red", "Blue"], allowsText: false };
  const consent = { isConsent: true, choices: [], allowsText: true };
  test.each([
    ["free text", free, " Ada ", { response: "Ada" }],
    ["nothing", free, "  ", null],
    ["a choice by its text", choice, "blue", { response: "Blue" }],
    ["a choice by its number", choice, "1", { response: "Red" }],
    ["something else than the choices", choice, "green", null],
    ["something else where that is allowed", { ...choice, allowsText: true }, "green", { response: "green" }],
    ["yes", consent, "Yes, please", { approved: true }],
    ["no with a reason", consent, "No. Not today", { approved: false, reason: "Not today" }],
    ["neither", consent, "nobody knows", null],
  ])("%s", (_name, question, text, expected) => {
    expect(readAnswer(question, text)).toEqual(expected);
  });
});

describe("a webhook", () => {
  let telegram: BotApiServer;
  let bridge: Bridge;
  const secret = "a-secret-of-telegram";
  const logged: string[] = [];
  let stored: unknown = null;
  let hasDisk = true;

  const options = (port: number): TelegramOptions => ({
    token: telegram.token,
    apiRoot: telegram.url,
    webhook: { url: `http://127.0.0.1:${port}/hook`, host: "127.0.0.1", port, secret },
    pollTimeoutS: 1,
    dmPolicy: "allowlist",
    groupPolicy: "disabled",
    requiresMention: true,
    allowedUsers: ["11"],
    allowedChats: [],
    groupAllowedUsers: [],
    adminUsers: [],
    storesMedia: true,
    typingIntervalMs: 0,
    typingMaxMs: 0,
    editMs: 10,
    resetMessage: "New.",
    maxFileBytes: 1000,
    bundleId: "agent",
    flowId: null,
    provider: null,
    model: null,
    sessionPrefix: "telegram:",
    maxHistoryMessages: 10,
    hasLinks: false,
    questionsMs: 10_000,
    patience: { firstMs: 10, longestMs: 20 },
    log: { isOn: () => true, write: (_level, message) => void logged.push(message) },
    state: {
      read: () => stored,
      write: async (value) => {
        if (!hasDisk) throw new Error("the disk is full");
        stored = structuredClone(value);
      },
    },
  });
  const sdk = { baseUrl: "http://gateway", list: async () => [] } as unknown as GatewayClient;
  const begin = async () => {
    telegram = startBotApiServer();
    stored = null;
    const free = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const { port = 0 } = free;
    await free.stop(true);
    bridge = await startTelegram(sdk, options(port));
    await telegram.until(() => telegram.calls.some(({ method }) => method === "setWebhook"), "the webhook");
    return port;
  };
  afterEach(async () => {
    await bridge.stop();
    await telegram.close();
  });

  test("takes updates that come with the secret, each once, and nothing else", async () => {
    const port = await begin();
    const id = telegram.write({ text: "/whoami" });
    expect(await telegram.deliver("wrong")).toEqual([401]);
    expect(await telegram.deliver()).toEqual([200]);
    telegram.repeat(id);
    expect(await telegram.deliver()).toEqual([200]);
    expect(telegram.chat(11)).toHaveLength(1);
    const post = (body: string) =>
      fetch(`http://127.0.0.1:${port}/hook`, {
        method: "POST",
        headers: { "x-telegram-bot-api-secret-token": secret },
        body,
      });
    expect((await post("{")).status).toBe(400);
    expect((await post("null")).status).toBe(400);
    expect((await fetch(`http://127.0.0.1:${port}/hook`)).status).toBe(401);
  });

  test("answers with an error when it could not remember an update, and Telegram sends it again", async () => {
    await begin();
    telegram.write({ text: "/whoami" });
    hasDisk = false;
    expect(await telegram.deliver()).toEqual([503]);
    hasDisk = true;
    expect(telegram.pending()).toHaveLength(1);
    expect(logged.some((line) => line.includes("the disk is full"))).toBe(true);
  });
});

test("a token or a secret that cannot be one is refused in one sentence", () => {
  expect(() => checkTelegram({ token: "secret", webhook: null })).toThrow("ABSTRACT_TELEGRAM_BOT_TOKEN");
  const webhook = { url: "https://x", host: "h", port: 1, secret: "short" };
  expect(() => checkTelegram({ token: `1:${"a".repeat(35)}`, webhook })).toThrow("ABSTRACT_TELEGRAM_WEBHOOK_SECRET");
});
