import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Wait } from "#core/run.ts";
import { createAnswerTokens } from "#auth/answer-tokens.ts";
import { type Harness, createHarness } from "./harness.ts";

let harness: Harness;
const runs = "/api/gateway/runs";
const wait = (more: Partial<Wait> = {}): Wait => ({
  reason: "user",
  wait_key: "user:asks:q",
  until: null,
  resume_to_node: null,
  result_key: null,
  prompt: "Which <b>colour</b>?",
  choices: ["red", "blue"],
  allow_free_text: false,
  details: null,
  ...more,
});

beforeAll(async () => {
  harness = await createHarness();
  await harness.addRun("asks", 0, { status: "waiting", wait: wait() });
  await harness.addRun("free", 0, { status: "waiting", wait: wait({ choices: null, prompt: null, wait_key: "k/1" }) });
  const details = { mode: "approval_required", tool_calls: [{ name: "send_email", arguments: { to: "<script>" } }] };
  await harness.addRun("consent", 0, { status: "waiting", wait: wait({ wait_key: "tool_approval:1", details }) });
  const pause = { reason: "user" as const, wait_key: "pause:paused", details: { kind: "pause" } };
  await harness.addRun("paused", 0, { status: "waiting", wait: wait(pause) });
  await harness.addRun("done", 0, { status: "completed" });
});
afterAll(() => harness.close());

const ask = (runId: string, key: string, body: unknown = {}) =>
  harness.request("POST", `${runs}/${runId}/waits/${encodeURIComponent(key)}/link`, { body });

async function linkOf(runId: string, key: string): Promise<string> {
  const { status, body } = await ask(runId, key);
  expect(status).toBe(200);
  return new URL(body.url).pathname;
}

const post = (path: string, fields: Record<string, string>) =>
  harness.raw(path, { method: "POST", body: new URLSearchParams(fields) });

describe("a link is refused", () => {
  test.each([
    ["for a run that is not there", "nobody", "k", {}, 404],
    ["for another key", "asks", "user:asks:other", {}, 409],
    ["for a run that is over", "done", "k", {}, 409],
    ["for a pause", "paused", "pause:paused", {}, 409],
    ["that lasts no time", "asks", "user:asks:q", { ttl_s: 1 }, 422],
    ["that lasts a year", "asks", "user:asks:q", { ttl_s: 31_536_000 }, 422],
    ["with a time that is no number", "asks", "user:asks:q", { ttl_s: "long" }, 422],
    ["with a body that is a list", "asks", "user:asks:q", [], 422],
  ])("%s", async (_name, runId, key, body, status) => {
    expect(await ask(runId, key, body)).toMatchObject({ status });
  });

  test("without a token of the gateway", async () => {
    const { status } = await harness.request("POST", `${runs}/asks/waits/x/link`, { body: {}, auth: false });
    expect(status).toBe(401);
  });
});

describe("the page of a link", () => {
  test("shows the question without sign-in, without script, and takes nothing by being looked at", async () => {
    const path = await linkOf("asks", "user:asks:q");
    for (let look = 0; look < 3; look++) {
      const page = await harness.raw(path);
      expect(page.status).toBe(200);
      const text = await page.text();
      expect(text).toContain("Which &lt;b&gt;colour&lt;/b&gt;?");
      expect(text).toContain('value="red"');
      expect(text).not.toMatch(/<script|<textarea/);
      const policy = page.headers.get("content-security-policy");
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(page.headers.get("cache-control")).toBe("no-store");
    }
  });

  test("shows the calls that ask for consent", async () => {
    const text = await (await harness.raw(await linkOf("consent", "tool_approval:1"))).text();
    expect(text).toContain("send_email");
    expect(text).toContain("&lt;script&gt;");
    expect(text).not.toContain("<script>");
  });

  test("says what is missing", async () => {
    const asks = await linkOf("asks", "user:asks:q");
    for (const fields of [{}, { choice: "green" }, { response: "green" }] as Record<string, string>[]) {
      const answer = await post(asks, fields);
      expect(answer.status).toBe(400);
      expect(await answer.text()).toContain("Choose one of the answers.");
    }
    const free = await post(await linkOf("free", "k/1"), { response: "  " });
    expect([free.status, await free.text()]).toEqual([400, expect.stringContaining("Write an answer.")]);
    const consent = await post(await linkOf("consent", "tool_approval:1"), { decision: "maybe" });
    expect(consent.status).toBe(400);
    expect((await post(asks, { response: "x".repeat(70_000) })).status).toBe(413);
  });

  test("is not there for a token that was changed, cut, or made with another key", async () => {
    const path = await linkOf("asks", "user:asks:q");
    const token = path.slice("/answer/".length);
    const flipped = `${token.slice(0, 10)}${token[10] === "A" ? "B" : "A"}${token.slice(11)}`;
    const foreign = createAnswerTokens({ key: () => "another key", now: Date.now }).make({
      runId: "asks",
      waitKey: "user:asks:q",
      headSeq: 1,
      tenantId: "local",
      userId: "local-admin",
      runtimeId: null,
      expiresMs: Date.now() + 60_000,
    });
    for (const bad of [flipped, token.slice(0, -2), `${token}A`, "x", "%00", "a".repeat(5000), foreign]) {
      for (const method of ["GET", "POST"]) {
        const answer = await harness.raw(`/answer/${bad}`, { method });
        expect(answer.status).toBe(404);
        expect(await answer.text()).toContain("This link is not valid.");
      }
    }
  });
});

test("a token says when its time is over, and the same question of a later turn is another wait", () => {
  let at = 1000;
  const tokens = createAnswerTokens({ key: () => "key", now: () => at });
  const claim = {
    runId: "r",
    waitKey: "k",
    headSeq: 3,
    tenantId: "t",
    userId: "u",
    runtimeId: null,
    expiresMs: 2000,
  };
  const token = tokens.make(claim);
  expect(tokens.read(token)).toEqual({ claim, isExpired: false });
  at = 2000;
  expect(tokens.read(token)?.isExpired).toBe(true);
  expect(tokens.make({ ...claim, headSeq: 4 })).not.toBe(token);
});
