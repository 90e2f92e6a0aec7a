import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { type OpenAiServer, type Reply, startOpenAiServer } from "#fixtures/openai-server.ts";
import { eventsOf } from "./replay.ts";

/*
 * The two clients of which there is no recording, by what their sources ask and read: the terminal client of AbstractCode with a bearer token, and
 * AbstractAssistant with the cookies of a session. Each from sign-in to cancel, against an agent that wants to write a file.
 */

let gateway: Gateway;
let server: OpenAiServer;
let workspace: string;
let admin: string;

beforeAll(async () => {
  server = await startOpenAiServer();
  workspace = await mkdtemp(join(tmpdir(), "gateway-thin-"));
  gateway = await startGateway({
    env: {
      ABSTRACTGATEWAY_USER_AUTH: "1",
      ABSTRACTGATEWAY_PROBE_SERVERS: "0",
      ABSTRACTGATEWAY_WORKSPACE_DIR: workspace,
      OPENAI_BASE_URL: `${server.url}/v1`,
      OPENAI_API_KEY: "test",
      ABSTRACTGATEWAY_DEFAULT_PROVIDER: "openai-compatible",
      ABSTRACTGATEWAY_DEFAULT_MODEL: "test-model",
    },
  });
  admin = (await readFile(join(gateway.dataDir, "auth/bootstrap-admin-token"), "utf8")).trim();
});
afterAll(async () => {
  await gateway.close();
  await server.close();
  await rm(workspace, { recursive: true, force: true });
});

const wantsToWrite: Reply = {
  content: "",
  toolCalls: [{ id: "c1", name: "write_file", arguments: '{"file_path":"a.txt","content":"hello"}' }],
};

interface Reply200 {
  status: number;
  headers: Headers;
  text: string;
  body: any;
}

/** A client that sends these headers with everything. */
function clientWith(headers: () => Record<string, string>) {
  const ask = async (method: string, path: string, body?: unknown): Promise<Reply200> => {
    const isForm = body instanceof FormData;
    const response = await fetch(`${gateway.url}/api/gateway${path}`, {
      method,
      headers: { ...headers(), ...(body === undefined || isForm ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: text.startsWith("{") ? JSON.parse(text) : null,
    };
  };
  const ok = async (method: string, path: string, body?: unknown): Promise<any> => {
    const answer = await ask(method, path, body);
    if (answer.status !== 200) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
    return answer.body;
  };
  const command = (runId: string, type: string, payload: object, commandId: string = crypto.randomUUID()) =>
    ok("POST", "/commands", { command_id: commandId, run_id: runId, type, payload });
  /** Reads a run's stream until a record fits. */
  const until = async (runId: string, fits: (record: any) => boolean): Promise<any> => {
    const response = await fetch(`${gateway.url}/api/gateway/runs/${runId}/ledger/stream?after=0`, {
      headers: { ...headers(), accept: "text/event-stream" },
      signal: AbortSignal.timeout(20_000),
    });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
    let text = "";
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += new TextDecoder().decode(chunk);
      const whole = text.slice(0, text.lastIndexOf("\n\n") + 2);
      const found = eventsOf(whole).find(({ name, data }) => name === "step" && fits(data.record));
      if (found) return found.data.record;
    }
    throw new Error(`the stream of ${runId} ended`);
  };
  return { ask, ok, command, until };
}

describe("the terminal client of AbstractCode", () => {
  const { ask, ok, command, until } = clientWith(() => ({ authorization: `Bearer ${admin}` }));

  test("looks around, starts an agent, gives consent, repeats a command, reads the replay, and cancels", async () => {
    expect(await ok("GET", "/ping")).toMatchObject({ ok: true, service: "abstractgateway" });
    const { items: bundles } = await ok("GET", "/bundles?all_versions=false&include_deprecated=false");
    expect(bundles.map((each: any) => each.bundle_id)).toContain("agent");
    expect((await ok("GET", "/discovery/tools")).items.map((each: any) => each.name)).toContain("write_file");
    expect((await ok("GET", "/discovery/providers")).items.map((each: any) => each.id ?? each.name)).toContain(
      "openai-compatible",
    );
    expect(
      await ok("GET", "/discovery/models/capabilities?model_name=test-model&provider=openai-compatible"),
    ).toBeTruthy();
    expect((await ok("GET", "/config/capability-defaults")).routes).toBeArray();
    expect(await ok("GET", "/host/metrics/gpu")).toHaveProperty("supported");

    server.replies.push(wantsToWrite, { content: "Written." });
    const { run_id: runId } = await ok("POST", "/runs/start", {
      bundle_id: "agent",
      session_id: "code-session",
      input_data: {
        prompt: "Write a file",
        context: { task: "Write a file", messages: [{ role: "user", content: "Write a file" }], attachments: [] },
        use_session_history: true,
        max_iterations: 5,
        tools: ["write_file", "read_file"],
        workspace_root: workspace,
        _runtime: {
          provider: "openai-compatible",
          model: "test-model",
          thinking: "off",
          tool_policy: { auto_approve_tools: [], require_approval_tools: ["write_file"] },
        },
        _limits: { max_output_tokens: 500 },
      },
    });
    const waits = await until(runId, (record) => record.result?.wait?.reason === "subworkflow");
    const childId = waits.result.wait.details.sub_run_id;
    const asks = await until(childId, (record) => record.result?.wait?.details?.mode === "approval_required");
    const { wait_key, details } = asks.result.wait;
    expect(details.tool_calls[0]).toMatchObject({
      name: "write_file",
      arguments: { file_path: expect.stringMatching(/a\.txt$/) },
    });
    const commandId = crypto.randomUUID();
    const consent = { wait_key, payload: { approved: true } };
    expect(await command(childId, "resume", consent, commandId)).toMatchObject({ accepted: true, duplicate: false });
    // The connection was lost, as far as the client knows.
    expect(await command(childId, "resume", consent, commandId)).toMatchObject({ duplicate: true });
    const stream = await ask("GET", `/runs/${runId}/ledger/stream?after=0`);
    expect(eventsOf(stream.text).at(-1)).toMatchObject({ name: "done", data: { run_id: runId, status: "terminal" } });
    expect(await readFile(join(workspace, "a.txt"), "utf8")).toBe("hello");

    const replay = `/runs/${runId}/history_bundle?detail=replay&include_session=true&session_turn_limit=20`;
    const { run, session, ledgers } = await ok("GET", replay);
    expect(run).toMatchObject({ run_id: runId, status: "completed" });
    expect(session.turns).toMatchObject([{ run_id: runId, kind: "chat", prompt: "Write a file", answer: "Written." }]);
    expect(Object.keys(ledgers)).toEqual(expect.arrayContaining([runId, childId]));
    const listed =
      "/runs?limit=50&session_id=code-session&include_ledger_len=false&include_metrics=true&root_only=true";
    const { items } = await ok("GET", listed);
    expect(items[0]).toMatchObject({ run_id: runId, llm_calls: expect.any(Number), tokens_total: expect.any(Number) });
    expect(items[0]).not.toHaveProperty("ledger_len");
  }, 60_000);

  test("pauses without a payload, goes on without a payload, and cancels a run that asks", async () => {
    const { run_id: runId } = await ok("POST", "/runs/start", { bundle_id: "ask-me", input_data: {} });
    await until(runId, (record) => record.status === "waiting");
    await command(runId, "pause", {});
    await command(runId, "resume", {});
    const still = await ok("GET", `/runs/${runId}`);
    expect(still).toMatchObject({ status: "waiting", waiting: { reason: "user" } });
    await command(runId, "cancel", {});
    const stream = await ask("GET", `/runs/${runId}/ledger/stream?after=0`);
    expect(eventsOf(stream.text).at(-1)?.name).toBe("done");
    expect((await ok("GET", `/runs/${runId}`)).status).toBe("cancelled");
  }, 30_000);
});

describe("AbstractAssistant", () => {
  const cookies = new Map<string, string>();
  const headers = () => ({
    cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; "),
    "x-abstractgateway-csrf": cookies.get("abstractgateway_csrf") ?? "",
    // A page of another port of this machine, as an EventSource with cookies comes.
    origin: "http://localhost:5173",
  });
  const { ask, ok, command, until } = clientWith(headers);

  test("signs in for cookies, finds its agent by interface, talks, attaches a file, follows, cancels, and signs out", async () => {
    const login = await ask("POST", "/session/login", { user_id: "admin", token: admin, remember: false });
    expect(login.status).toBe(200);
    for (const each of login.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(each) ?? [];
      cookies.set(name, value);
    }
    expect([...cookies.keys()].sort()).toEqual(["abstractgateway_csrf", "abstractgateway_session"]);
    expect((await ok("GET", "/me")).principal).toMatchObject({ user_id: "admin" });

    const { capabilities } = await ok("GET", "/discovery/capabilities");
    const { assistant, common } = capabilities.contracts;
    expect(assistant).toBeTruthy();
    expect(common.artifacts.content).toMatchObject({ available: true });
    expect(common.prompt_cache).toHaveProperty("session_lifecycle");
    const order = ["abstractassistant.agent.v1", "abstract.agent.v1", "abstractcode.agent.v1"];
    const { items } = await ok("GET", "/bundles");
    const offers = order.flatMap((name) =>
      items.flatMap(({ bundle_id, entrypoints }: any) =>
        entrypoints
          .filter((each: any) => each.interfaces.includes(name))
          .map(({ flow_id }: any) => ({ bundle_id, flow_id })),
      ),
    );
    expect(offers[0]).toMatchObject({ bundle_id: "agent" });

    const form = new FormData();
    form.set("session_id", "assistant-session");
    form.set("file", new File(["The word is river."], "note.txt", { type: "text/plain" }));
    const { artifact } = await ok("POST", "/attachments/upload", form);
    server.replies.push({ content: "River." });
    const { run_id: runId } = await ok("POST", "/runs/start", {
      ...offers[0],
      session_id: "assistant-session",
      input_data: { prompt: "Which word?", context: { task: "Which word?", attachments: [artifact] } },
    });
    await until(runId, (record) => record.status === "waiting");
    const stream = await ask("GET", `/runs/${runId}/ledger/stream?after=0`);
    expect(stream.headers.get("access-control-allow-origin")).toBe("http://localhost:5173");
    expect(stream.headers.get("access-control-allow-credentials")).toBe("true");
    const steps = eventsOf(stream.text).filter(({ name }) => name === "step");
    expect(eventsOf(stream.text).at(-1)?.name).toBe("done");
    // After the end it reads the ledger again until it is quiet.
    const page = await ok("GET", `/runs/${runId}/ledger?after=0&limit=500`);
    expect(page.items.map((record: any) => record.record_hash)).toEqual(
      steps.map(({ data }) => data.record.record_hash),
    );
    expect((await ok("GET", `/runs/${runId}/ledger?after=${page.next_after}`)).items).toEqual([]);
    expect(JSON.stringify(server.requests.at(-1)?.body)).toContain("The word is river.");
    expect((await ok("GET", "/sessions/assistant-session")).turns).toMatchObject([{ answer: "River." }]);
    const chat = await ok("POST", `/runs/${runId}/chat`, {
      messages: [{ role: "user", content: "What happened?" }],
      persist: true,
    });
    expect(chat.answer).toBe("Hello.");
    const [note] = (await ok("GET", `/runs/${runId}/ledger?after=${page.next_after}`)).items;
    expect(note.effect.payload).toMatchObject({ name: "abstract.chat", payload: { answer: "Hello." } });

    const { run_id: asking } = await ok("POST", "/runs/start", {
      bundle_id: "ask-me",
      session_id: "assistant-session",
    });
    await until(asking, (record) => record.status === "waiting");
    await command(asking, "cancel", { reason: "enough" });
    expect(eventsOf((await ask("GET", `/runs/${asking}/ledger/stream?after=0`)).text).at(-1)?.name).toBe("done");

    cookies.set("abstractgateway_csrf", "guessed");
    expect((await ask("POST", "/bugs/report", { session_id: "s", description: "d" })).body.reason_code).toBe(
      "csrf_required",
    );
    cookies.set(
      "abstractgateway_csrf",
      login.headers
        .getSetCookie()
        .join()
        .match(/abstractgateway_csrf=([^;]*)/)?.[1] ?? "",
    );
    expect(await ok("POST", "/bugs/report", { session_id: "s", description: "d" })).toMatchObject({ ok: true });
    await ok("POST", "/session/logout", {});
    expect((await ask("GET", "/me")).status).toBe(401);
  }, 60_000);
});
