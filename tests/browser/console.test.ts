import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { copyFile, mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { type Browser, hasBrowser, openBrowser } from "#fixtures/browser.ts";
import { archive, exec, flow } from "#fixtures/bundles.ts";
import { type Gateway, startGateway, token } from "#fixtures/gateway.ts";
import { type OpenAiServer, startOpenAiServer } from "#fixtures/openai-server.ts";
import { loop } from "#fixtures/sample-flows.ts";
import { wav } from "#fixtures/media-bytes.ts";
import { type MediaServer, startMediaServer } from "#fixtures/media-server.ts";

// The console in the executable, driven by a real browser. Without one these tests are skipped.

let models: OpenAiServer;
let makers: MediaServer;
let gateway: Gateway;
let browser: Browser;
let page: Page;
let dataDir: string;

const waits = flow(
  "waits",
  [
    exec("start", "on_flow_start"),
    exec("wait", "wait_until", { in: ["duration:number"], defaults: { duration: 3600 } }),
    exec("end", "on_flow_end"),
  ],
  ["start > wait", "wait > end"],
);

beforeAll(async () => {
  if (!hasBrowser) return;
  models = await startOpenAiServer();
  makers = startMediaServer();
  dataDir = await mkdtemp(join(tmpdir(), "gateway-console-"));
  await mkdir(join(dataDir, "models"));
  await copyFile(
    join(import.meta.dirname, "../fixtures/models/tiny-chat.gguf"),
    join(dataDir, "models/tiny-chat.gguf"),
  );
  [gateway, browser] = await Promise.all([
    startGateway({
      dataDir,
      env: {
        ABSTRACTGATEWAY_LOCAL_GPU: "off",
        ABSTRACTGATEWAY_ALLOWED_HOSTS: "127.0.0.1:9",
        OPENAI_BASE_URL: `${models.url}/v1`,
        OPENAI_API_KEY: "test",
        ABSTRACTGATEWAY_DEFAULT_PROVIDER: "openai-compatible",
        ABSTRACTGATEWAY_DEFAULT_MODEL: "test-model",
        ABSTRACTGATEWAY_IMAGE_MODEL: "makers/gpt-image-1",
        ABSTRACTGATEWAY_OPENAI_ENDPOINTS: JSON.stringify([{ id: "makers", baseUrl: `${makers.url}/v1` }]),
      },
    }),
    openBrowser(),
  ]);
  page = browser.page;
  page.setDefaultTimeout(10_000);
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await gateway?.close();
  await models?.close();
  await makers?.close();
});

afterEach(() => {
  if (!hasBrowser) return;
  const outside = browser.requested.filter((url) => !url.startsWith(gateway.url) && !/^(data|blob):/.test(url));
  expect(outside).toEqual([]);
  expect(browser.requested.filter((url) => url.includes(token))).toEqual([]);
  expect(browser.errors.splice(0)).toEqual([]);
});

const open = (path: string) => page.goto(`${gateway.url}/console#${path}`);
const button = (name: string) => page.getByRole("button", { name, exact: true });
const badge = (status: string) => page.locator(".page-head .badge", { hasText: status });
const drop = async (name: string, bytes: Uint8Array) => {
  const dataTransfer = await page.evaluateHandle(
    ([name, bytes]) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], name));
      return data;
    },
    [name, [...bytes]] as [string, number[]],
  );
  await page.locator(".drop").dispatchEvent("drop", { dataTransfer });
};
const runIdOf = () => /\/runs\/([^/?]+)/.exec(page.url())?.[1] ?? "";

describe.skipIf(!hasBrowser)("the console (skipped without chromium)", () => {
  test("turns a wrong token away and lets the right one in", async () => {
    await page.goto(gateway.url);
    expect(page.url()).toBe(`${gateway.url}/console`);
    await page.getByLabel("Token", { exact: true }).fill("wrong");
    await button("Sign in").click();
    await page.getByText("does not know this token").waitFor();
    // The browser itself tells of the refused request.
    expect(browser.errors.splice(0)).toEqual([expect.stringContaining("401")]);
    await page.getByLabel("Token", { exact: true }).fill(token);
    await button("Sign in").click();
    await page.getByText("Nothing has run yet").waitFor();
    expect(await page.evaluate(() => [localStorage.length, sessionStorage.getItem("gateway.token")])).toEqual([
      0,
      token,
    ]);
  });

  test("installs a bundle that is dropped on the page", async () => {
    await open("/bundles");
    await page.getByRole("link", { name: "Start hello" }).waitFor();
    await drop("waits.flow", archive("waits", [waits]));
    await page.getByText("waits@1.0.0 is installed.").waitFor();
    await drop("notes.txt", new Uint8Array([1]));
    await page.getByText("notes.txt is not a .flow file.").waitFor();
    await page.getByRole("link", { name: "waits", exact: true }).click();
    await page.getByRole("button", { name: "Remove waits@1.0.0" }).waitFor();
  });

  test("asks before it replaces a version", async () => {
    await open("/bundles");
    await page.getByRole("link", { name: "Start waits" }).waitFor();
    await drop("waits.flow", archive("waits", [{ ...waits, description: "Waits for an hour." }]));
    const dialog = page.getByRole("dialog", { name: "Replace this version?" });
    await dialog.getByRole("button", { name: "Replace" }).click();
    await dialog.waitFor({ state: "hidden" });
    await page.waitForFunction(async (bearer) => {
      const headers = { authorization: `Bearer ${bearer}` };
      const flow = await (await fetch("api/gateway/bundles/waits/flows/waits", { headers })).json();
      return flow.flow.description === "Waits for an hour.";
    }, token);
    // The refusal that made it ask.
    expect(browser.errors.splice(0)).toEqual([expect.stringContaining("400")]);
  });

  test("starts a flow from a form and shows its graph, ledger, state, output and the past", async () => {
    await open("/start/hello/hello");
    await page.getByLabel("name").fill("Grace");
    await button("Start").click();
    await badge("completed").waitFor();
    await page.locator('.flow-node[data-status="completed"]', { hasText: "Say" }).waitFor();
    await page.getByRole("tab", { name: "Ledger" }).click();
    const rows = page.getByRole("list", { name: "Ledger" }).getByRole("listitem");
    expect(await rows.count()).toBe(8);
    await rows.first().getByRole("button").click();
    await rows.first().getByText("record_hash").waitFor();
    await page.getByRole("tab", { name: "Timeline" }).click();
    await page.getByRole("list", { name: "Timeline" }).getByText("Hello, Grace").waitFor();
    await page.getByRole("tab", { name: "Input and output" }).click();
    await page.getByText("Guten Tag, Grace").first().waitFor();
    await page.getByRole("tab", { name: "State" }).click();
    await page.getByLabel("Record", { exact: true }).fill("2");
    await page.getByText("2 / 8").waitFor();
    await page.getByRole("tab", { name: "Graph" }).click();
    await page.locator('.flow-node[data-status="untouched"]', { hasText: "End" }).waitFor();
  });

  test("forks a run at a record with other vars", async () => {
    const parent = runIdOf();
    await button("Fork").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("After record").fill("99");
    await dialog.getByText("A number from 0 to 8.").waitFor();
    await dialog.getByLabel("After record").fill("0");
    await dialog.getByLabel("Changed vars").fill('{"name": "Alan"}');
    await dialog.getByRole("button", { name: "Fork", exact: true }).click();
    await page.getByText(`${parent.slice(0, 8)} at 0`).waitFor();
    await badge("completed").waitFor();
    await page.getByRole("tab", { name: "Input and output" }).click();
    await page.getByText("Guten Tag, Alan").first().waitFor();
    await page.getByRole("tab", { name: "Graph" }).click();
  });

  test("runs a flow again with what it was given", async () => {
    await page.getByRole("link", { name: "Run again" }).click();
    await page.getByRole("heading", { name: "Run again" }).waitFor();
    expect(await page.getByLabel("name").inputValue()).toBe("Alan");
  });

  test("answers a question in the inbox, and the run goes on while it is watched", async () => {
    const runId = await gateway.start("ask-me", { question: "<b>Who</b> are you?" });
    await open("/inbox");
    await page.getByText("<b>Who</b> are you?").waitFor();
    await page.getByLabel("Your answer").fill("Ada");
    await button("Answer").click();
    await page.getByText("Nobody waits for you").waitFor();
    await open(`/runs/${runId}`);
    await badge("completed").waitFor();
    await page.getByRole("tab", { name: "Input and output" }).click();
    await page.getByText("Ada").first().waitFor();
    await page.getByRole("tab", { name: "Graph" }).click();
  });

  test("asks before a tool writes, and takes a no", async () => {
    const call = { id: "c1", name: "write_file", arguments: JSON.stringify({ file_path: "a.txt", content: "hello" }) };
    models.replies.push({ content: "", toolCalls: [call] }, { content: "I did not." });
    const runId = await gateway.start("agent", { prompt: "Write a file" });
    await open("/inbox");
    await page.getByText("May this tool run?").waitFor();
    await page.getByText("write_file").waitFor();
    await page.getByLabel("Reason, when you deny it").fill("not today");
    await button("Deny").click();
    await page.getByText("Nobody waits for you").waitFor();
    await gateway.until(runId, "terminal");
    expect(JSON.stringify(models.requests.at(-1)?.body.messages)).toContain("not today");
    await open(`/runs/${runId}`);
    await page.getByRole("tab", { name: "Child runs" }).click();
    await page.locator("table.runs tbody tr").first().waitFor();
    await page.getByRole("tab", { name: "Graph" }).click();
  });

  test("pauses, resumes and cancels a run", async () => {
    const runId = await gateway.start("waits");
    await gateway.until(runId, "waiting");
    await open(`/runs/${runId}`);
    await badge("waiting").waitFor();
    await button("Pause").click();
    await badge("paused").waitFor();
    expect((await gateway.get(`/runs/${runId}`)).body.paused).toBe(true);
    await button("Resume").click();
    await badge("waiting").waitFor();
    await button("Cancel").click();
    await button("Cancel the run").click();
    await badge("cancelled").waitFor();
    expect((await gateway.get(`/runs/${runId}`)).body.status).toBe("cancelled");
  });

  test("shows a ledger of thousands of records without having them all in the page, and a model's words about it", async () => {
    await gateway.upload("loop", archive("loop", [loop]));
    const runId = await gateway.start("loop", { end: 2001 });
    await open(`/runs/${runId}`);
    await badge("completed").waitFor({ timeout: 30_000 });
    await page.getByRole("tab", { name: "Ledger" }).click();
    const list = page.getByRole("list", { name: "Ledger" });
    await list.getByRole("listitem").first().waitFor();
    const records = Number((await page.locator(".figures dd").nth(2).innerText()).replace(/\D/g, ""));
    expect(records).toBeGreaterThan(4000);
    expect(await list.getByRole("listitem").count()).toBeLessThan(100);
    await list.evaluate((element) => element.scrollTo({ top: element.scrollHeight }));
    await list.getByText(String(records), { exact: true }).waitFor();
    await page.getByRole("tab", { name: "Input and output" }).click();
    models.replies.push({ content: "It counted for a while." });
    await button("Let a model tell what happened").click();
    await page.getByText("It counted for a while.").waitFor();
    await page.getByRole("tab", { name: "Graph" }).click();
  });

  test("filters the list of runs", async () => {
    await open("/runs");
    const rows = page.locator("table.runs tbody tr");
    await rows.nth(3).waitFor();
    await button("cancelled").click();
    await page.waitForFunction(() => document.querySelectorAll("table.runs tbody tr").length === 1);
    expect(await rows.first().innerText()).toContain("waits");
    await button("failed").click();
    await page.getByText("No run matches").waitFor();
    await button("Show all runs").click();
    await page.getByLabel("Flow or run").fill("ask-me");
    await page.waitForFunction(() => document.querySelectorAll("table.runs tbody tr").length === 1);
    await page.getByLabel("Flow or run").fill("");
  });

  test("schedules a flow, shows its next times, holds it and runs it now", async () => {
    await open("/start/hello/hello");
    await page.getByLabel("name").fill("Clock");
    await button("Again and again").click();
    await page.getByLabel("Every").fill("soon");
    await button("Schedule").click();
    await page.getByText("An interval such as").waitFor();
    await page.getByLabel("Every").fill("2h");
    await page.getByLabel("How often").fill("4");
    await button("Schedule").click();
    const card = page.getByRole("article", { name: "hello" });
    await card.getByText("every 2h").waitFor();
    expect(await card.locator("ol time").count()).toBeGreaterThan(0);
    await card.getByRole("button", { name: "Run now" }).click();
    await card.getByText(/, 2 to come/).waitFor();
    await card.getByRole("button", { name: "Pause" }).click();
    await card.getByText("Paused: no next time.").waitFor();
    await card.getByRole("button", { name: "Resume" }).click();
    await card.locator("ol time").first().waitFor();
  });

  test("chats with an agent whose words come as they are said, and remembers what was said", async () => {
    await open("/chat");
    models.replies.push({ hang: true });
    await page.getByLabel("Message").fill("Hello agent");
    await button("Send").click();
    // The server has said half a word and goes on for ever.
    await page.locator(".said.agent", { hasText: "Hel" }).waitFor();
    await button("Stop").click();
    await page.getByText("cancelled").waitFor();
    models.replies.push({ content: "A ledger is a list that only grows." });
    await page.getByLabel("Message").fill("What is a ledger?");
    await page.getByLabel("Message").press("Enter");
    await page.locator(".about-turn", { hasText: "tokens" }).waitFor();
    await page.locator(".said.agent", { hasText: "only grows" }).waitFor();
    models.replies.push({ content: "You asked about ledgers." });
    const file = { name: "word.txt", mimeType: "text/plain", buffer: Buffer.from("The word is river.") };
    await page.getByLabel("Files").setInputFiles(file);
    await page.getByRole("button", { name: "Leave word.txt out" }).waitFor();
    await page.getByLabel("Message").fill("What did I ask?");
    await page.getByLabel("Message").press("Enter");
    await page.locator(".said.agent", { hasText: "You asked about ledgers." }).waitFor();
    const told = JSON.stringify(models.requests.at(-1)?.body.messages);
    expect(told).toContain("What is a ledger?");
    expect(told).toContain("only grows");
    expect(told).toContain("The word is river.");
    await page.reload();
    await page.locator(".said.agent", { hasText: "You asked about ledgers." }).waitFor();
    await page.getByRole("navigation", { name: "Conversations" }).getByText("Hello agent").waitFor();
  });

  test("plays an artifact", async () => {
    const form = new FormData();
    form.set("session_id", "music");
    form.set("file", new File([new Uint8Array(wav(440, 0.4))], "note.wav", { type: "audio/wav" }));
    const sent = await fetch(`${gateway.url}/api/gateway/attachments/upload`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: form,
    });
    expect(sent.status).toBe(200);
    await open("/artifacts");
    await page.getByText("note.wav").waitFor();
    const length = await page.locator("audio").evaluate(async (element) => {
      const audio = element as HTMLAudioElement;
      audio.muted = true;
      const ended = new Promise((resolve) => audio.addEventListener("ended", resolve));
      await audio.play();
      await ended;
      return audio.duration;
    });
    expect(length).toBeCloseTo(0.4, 1);
  });

  test("enters a connection, tries it, and makes its model the default", async () => {
    await open("/connections");
    await button("Add a connection").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Id").fill("lab");
    await dialog.getByLabel("Name").fill("Lab");
    await dialog.getByLabel("Address").fill(`${models.url}/v1`);
    await dialog.getByLabel("Key").fill("very-secret-key");
    await dialog.getByRole("button", { name: "Add it" }).click();
    const card = page.getByRole("article", { name: "Lab" });
    await card.getByRole("button", { name: "Try it" }).click();
    await card.getByText("test-model").waitFor();
    expect(await page.content()).not.toContain("very-secret-key");
    await open("/models");
    const row = page.getByRole("row", { name: /output\.text / });
    await row.getByRole("button", { name: "Change" }).click();
    await dialog.getByLabel("Provider").selectOption({ label: "Lab" });
    await dialog.getByLabel("Model").selectOption("test-model");
    await dialog.getByRole("button", { name: "Use it" }).click();
    await row.getByText("endpoint:lab").waitFor();
    await row.getByText("set here").waitFor();
    await row.getByRole("button", { name: "Change" }).click();
    await dialog.getByRole("button", { name: "Forget it" }).click();
    await row.getByText("environment").waitFor();
  });

  test("loads a local model, shows it in memory and unloads it", async () => {
    await open("/models");
    await page.getByText("No local model is loaded").waitFor();
    await page.locator("summary", { hasText: "llama.cpp" }).click();
    await page.locator(".models li", { hasText: "tiny-chat" }).getByRole("button", { name: "Load" }).click();
    const resident = page.getByRole("row", { name: /tiny-chat/ });
    await resident.getByLabel("kept").waitFor({ timeout: 30_000 });
    await resident.getByRole("button", { name: "Unload" }).click();
    await page.getByText("No local model is loaded").waitFor();
  }, 60_000);

  test("shows what is known and goes from one thing to another", async () => {
    const fact = (subject: string, predicate: string, object: string) => ({ subject, predicate, object });
    const assertions = [
      fact("Ada Lovelace", "dcterms:creator", "Note G"),
      fact("Note G", "schema:name", "The first program"),
    ];
    expect((await gateway.post("/kg/assert", { scope: "global", assertions })).status).toBe(200);
    await open("/graph");
    await page.getByLabel("Subject").fill("ada lovelace");
    await button("Ask").click();
    await page.getByRole("heading", { name: "Around ada lovelace" }).waitFor();
    await page.locator(".react-flow__node", { hasText: "note g" }).click();
    await page.getByRole("heading", { name: "Around note g" }).waitFor();
    await page.locator(".react-flow__node", { hasText: "the first program" }).waitFor();
  });

  test("adds a webhook, shows its secret once, and says what became of a message", async () => {
    await open("/webhooks");
    await button("Add a webhook").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Address").fill("http://127.0.0.1:9/hook");
    await dialog.getByLabel("What it is for").fill("Pager");
    await dialog.getByRole("button", { name: "Add it" }).click();
    await page.getByText(/^whsec_/).waitFor();
    await button("I have it").click();
    const card = page.locator("article", { hasText: "Pager" });
    await card.getByText("Messages").click();
    await card.getByRole("button", { name: "Send a test" }).click();
    await card.getByText("webhook.test").waitFor();
  });

  test("has a picture made and shows it", async () => {
    await open("/studio");
    await button("Picture").click();
    await page.getByLabel("Model").selectOption({ label: "gpt-image-1 (makers)" });
    await page.getByLabel("Prompt").fill("a red wall");
    await page.getByLabel("Size").fill("16x16");
    await button("Make it").click();
    const width = await page.locator("article img").evaluate(async (element) => {
      const image = element as HTMLImageElement;
      await image.decode();
      return image.naturalWidth;
    });
    expect(width).toBe(16);
    expect(makers.requests.at(-1)?.body).toMatchObject({ prompt: "a red wall", model: "gpt-image-1" });
  });

  test("shows a page that came as an artifact without letting it do anything", async () => {
    const form = new FormData();
    form.set("session_id", "music");
    form.set(
      "file",
      new File(["<script>parent.document.title='taken'</script><p>harmless</p>"], "page.html", { type: "text/html" }),
    );
    await fetch(`${gateway.url}/api/gateway/attachments/upload`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: form,
    });
    await open("/runs");
    await open("/artifacts");
    const card = page.locator("article", { hasText: "page.html" });
    const refused = page.waitForEvent("console", (message) => message.text().includes("Blocked script execution"));
    await card.getByRole("button", { name: "Show" }).click();
    await refused;
    await card.frameLocator("iframe").getByText("harmless").waitFor();
    expect(await page.title()).toContain("Artifacts");
    expect(browser.errors.splice(0)).toEqual([expect.stringContaining("Blocked script execution")]);
  });

  test("shows every view without an error, by keyboard, on a phone and a desk, by day and by night", async () => {
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.keyboard.press("Control+k");
    await page.getByPlaceholder("A view, a bundle").fill("system");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "System" }).waitFor();
    for (const [path, heading] of views) {
      for (const viewport of [
        { width: 1440, height: 900 },
        { width: 390, height: 844 },
      ]) {
        await page.setViewportSize(viewport);
        await open(path);
        await page.getByRole("heading", { name: heading, level: 1 }).waitFor({ state: "attached" });
        await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'));
        const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect([path, viewport.width, tooWide <= 0]).toEqual([path, viewport.width, true]);
      }
    }
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.getByRole("button", { name: "Dark" }).click();
    await page.reload();
    await page.getByRole("heading", { level: 1 }).waitFor();
    expect(await page.evaluate(() => document.documentElement.dataset["theme"])).toBe("dark");
    await page.getByRole("button", { name: "As the system" }).click();
  }, 60_000);

  test("forgets the token of whoever signs out", async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).not.toContain(
      token,
    );
  });
});

const views = [
  ["/runs", "Runs"],
  ["/inbox", "Inbox"],
  ["/chat", "Chat"],
  ["/schedules", "Schedules"],
  ["/bundles", "Bundles"],
  ["/bundles/hello", "hello"],
  ["/start/agent/agent", "Start a run"],
  ["/artifacts", "Artifacts"],
  ["/studio", "Studio"],
  ["/graph", "Knowledge"],
  ["/models", "Models"],
  ["/connections", "Connections"],
  ["/people", "People and tokens"],
  ["/webhooks", "Webhooks"],
  ["/system", "System"],
  ["/nowhere", "Nothing is here"],
] as const;
