import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDiskBlobs } from "#artifacts/disk-blobs.ts";
import { artifactId } from "#artifacts/offload.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { archive, exec, flow } from "#fixtures/bundles.ts";
import { type Gateway, startGateway, token } from "#fixtures/gateway.ts";
import { type OpenAiServer, startOpenAiServer } from "#fixtures/openai-server.ts";

/* Attachments of model calls, through the executable: what the model is sent, and what the run says of the rest. */
let server: OpenAiServer;
let gateway: Gateway;
let dataDir: string;
let workspace: string;

const picture = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);
const session = "s-media";
const stored = {
  notes: { filename: "notes.txt", type: "text/plain", bytes: Buffer.from("first line\nthe word is river\n") },
  picture: { filename: "dot.png", type: "image/png", bytes: picture },
  film: { filename: "film.mkv", type: "video/x-matroska", bytes: Buffer.from([0, 1, 2, 3]) },
  drawing: { filename: "dot.svg", type: "image/svg+xml", bytes: Buffer.from('<svg><circle r="1"/></svg>') },
  scan: { filename: "scan.tiff", type: "image/tiff", bytes: Buffer.from([73, 73, 42, 0]) },
  long: { filename: "long.txt", type: "text/plain", bytes: Buffer.from("x".repeat(130_000)) },
};
type Stored = keyof typeof stored;
const owner = { runId: `session_memory_${session}`, runtimeId: "default" };
const idOf = (name: Stored) => artifactId(owner, stored[name].bytes);

/** As an upload leaves them. */
async function storeAttachments(): Promise<void> {
  const ledger = await openSqliteLedger({ path: join(dataDir, "gateway.sqlite3"), now: Date.now });
  const blobs = createDiskBlobs(join(dataDir, "artifacts"));
  for (const { filename, type, bytes } of Object.values(stored)) {
    const row = {
      artifact_id: artifactId(owner, bytes),
      blob_id: await blobs.put(bytes),
      run_id: owner.runId,
      runtime_id: owner.runtimeId,
      content_type: type,
      size_bytes: bytes.length,
      created_at: new Date().toISOString(),
      tags: { kind: "attachment", filename, path: `client:docs/${filename}`, session_id: session },
      metadata: {},
    };
    await ledger.commit({ artifacts: [row] });
  }
  await ledger.close();
}

/** One model call with a context. */
function askFlow(id: string, effectConfig: object) {
  const start = exec("start", "on_flow_start", { out: ["prompt:string", "context:object"] });
  const pins = { in: ["prompt:string", "context:object"], out: ["response:string", "meta:object"] };
  const end = exec("end", "on_flow_end", { in: ["response:string", "meta:object"] });
  return flow(
    id,
    [start, exec("call", "llm_call", { ...pins, data: { effectConfig } }), end],
    [
      "start > call",
      "call > end",
      "start.prompt -> call.prompt",
      "start.context -> call.context",
      "call.response -> end.response",
      "call.meta -> end.meta",
    ],
  );
}

beforeAll(async () => {
  server = await startOpenAiServer();
  dataDir = await mkdtemp(join(tmpdir(), "gateway-media-"));
  workspace = await mkdtemp(join(tmpdir(), "gateway-workspace-"));
  await storeAttachments();
  gateway = await startGateway({
    dataDir,
    env: {
      OPENAI_BASE_URL: `${server.url}/v1`,
      OPENAI_API_KEY: "test",
      ABSTRACTGATEWAY_WORKSPACE_DIR: workspace,
      ABSTRACTGATEWAY_DEFAULT_PROVIDER: "openai-compatible",
      ABSTRACTGATEWAY_DEFAULT_MODEL: "test-model",
      ABSTRACTGATEWAY_MODELS_DIR: join(import.meta.dirname, "../fixtures/models"),
    },
  });
  const models = { ask: ["openai-compatible", "test-model"], "ask-local": ["local", "tiny-chat"] } as const;
  for (const [id, [provider, model]] of Object.entries(models)) {
    const { status } = await gateway.upload(id, archive(id, [askFlow(id, { provider, model })]));
    expect(status).toBe(200);
  }
});
afterAll(async () => {
  await gateway.close();
  await server.close();
  await rm(workspace, { recursive: true, force: true });
  await rm(dataDir, { recursive: true, force: true });
});
beforeEach(() => {
  server.requests.length = 0;
  server.replies.length = 0;
});

const asked = () => server.requests.filter(({ path }) => path.endsWith("/chat/completions"));
const lastUser = (at = 0) => asked()[at]?.body.messages.findLast((message: any) => message.role === "user").content;

/** A question with attachments, and its one model call. */
async function ask(attachments: unknown[], bundle = "ask") {
  const context = { messages: [{ role: "user", content: "Hello." }], attachments };
  const input = { prompt: "What is it?", context, workspace_root: workspace };
  const runId = await gateway.start(bundle, input, { session_id: session });
  await gateway.follow(runId);
  const { body: run } = await gateway.get(`/runs/${runId}`);
  const records = await gateway.ledger(runId);
  return { run, call: records.findLast(({ effect }) => effect?.type === "llm_call"), records };
}

test("a text joins the question under its name, and a picture goes along as a picture", async () => {
  const { run, call } = await ask([{ $artifact: idOf("notes") }, { artifact_id: idOf("picture") }]);
  expect(run.status).toBe("completed");
  const [text, image, ...rest] = lastUser();
  expect(rest).toEqual([]);
  expect(text.text).toBe("What is it?\n\nAttachment: notes.txt (text/plain)\nfirst line\nthe word is river\n");
  expect(image.image_url.url).toBe(`data:image/png;base64,${picture.toString("base64")}`);
  expect(call.result.metadata.media).toEqual([
    { artifact_id: idOf("notes"), name: "notes.txt", content_type: "text/plain", use: "text" },
    { artifact_id: idOf("picture"), name: "dot.png", content_type: "image/png", use: "file" },
  ]);
  // The bytes are in the artifact, and not in the ledger once more.
  expect(JSON.stringify(call)).not.toContain(picture.toString("base64"));
});

test("what the model cannot be given is told to the model, and is a warning of the call", async () => {
  const { run, call, records } = await ask([{ $artifact: idOf("film") }, { $artifact: idOf("long") }]);
  expect(run.status).toBe("completed");
  expect(call.result.warnings).toEqual([
    "Attachment 'film.mkv' was not given to the model: openai-compatible/test-model takes no video/x-matroska",
    expect.stringMatching(
      /^Attachment 'long.txt' was not given to the model: it has 130000 bytes of text, and attachments may add 120000/,
    ),
  ]);
  expect(lastUser()).toContain("[Attachment 'film.mkv' (video/x-matroska, 4 bytes) cannot be shown to you");
  expect(records.findLast(({ result }) => result?.completed).result.output.meta.warnings).toEqual(call.result.warnings);
});

test("a drawing that is a text is read as one, and a picture that no model takes is not sent", async () => {
  const { call } = await ask([{ $artifact: idOf("drawing") }, { $artifact: idOf("scan") }]);
  expect(lastUser()).toContain('Attachment: dot.svg (image/svg+xml)\n<svg><circle r="1"/></svg>');
  expect(call.result.warnings).toEqual([expect.stringContaining("openai-compatible/test-model takes no image/tiff")]);
});

test("files of the workspace and data URLs are attachments too; one file is given once", async () => {
  await writeFile(join(workspace, "facts.md"), "# Facts\n");
  const dataUrl = `data:image/png;base64,${picture.toString("base64")}`;
  await ask([{ path: "facts.md" }, { path: "facts.md" }, dataUrl]);
  const [text, image, ...rest] = lastUser();
  expect(text.text).toBe("What is it?\n\nAttachment: facts.md (text/markdown)\n# Facts\n");
  expect([image.image_url.url, rest]).toEqual([dataUrl, []]);
});

test.each([
  ["a file outside of the workspace", { path: "/etc/passwd" }, /outside|allowed|workspace/i],
  ["a file that is not there", { path: "missing.txt" }, /'missing.txt' is not a file of the workspace/],
  ["an address inside of the network", { url: "http://127.0.0.1:1/x.png" }, /127\.0\.0\.1/],
  ["nothing", { note: "?" }, /names no artifact, path or URL/],
])("%s as an attachment fails the run with the reason", async (_name, item, reason) => {
  const { run } = await ask([item]);
  expect(run.status).toBe("failed");
  expect(run.error).toMatch(reason);
  expect(asked()).toEqual([]);
});

test("an attachment of another session is not found", async () => {
  const input = {
    prompt: "?",
    context: { messages: [{ role: "user", content: "a" }], attachments: [{ $artifact: idOf("notes") }] },
  };
  const { status } = await gateway.post("/runs/start", { bundle_id: "ask", input_data: input, session_id: "another" });
  expect(status).toBe(404);
  // A reference that the start does not see.
  const sneaky = { ...input, context: { ...input.context, attachments: [idOf("notes")] } };
  const runId = await gateway.start("ask", sneaky, { session_id: "another" });
  await gateway.follow(runId);
  expect((await gateway.get(`/runs/${runId}`)).body.status).toBe("failed");
});

test("the local model takes no pictures, and says so instead of guessing", async () => {
  const { run, call } = await ask([{ $artifact: idOf("picture") }], "ask-local");
  expect(run.status).toBe("completed");
  const reason = "local/tiny-chat takes no image/png";
  expect(call.result.warnings).toEqual([`Attachment 'dot.png' was not given to the model: ${reason}`]);
  const body = {
    model: "local/tiny-chat",
    messages: [
      {
        role: "user",
        content: [{ type: "image_url", image_url: { url: `data:image/png;base64,${picture.toString("base64")}` } }],
      },
    ],
  };
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(400);
  expect((await response.json()) as object).toMatchObject({ error: { message: "Models of local take no image/png" } });
});

test("a model is tried with an attachment", async () => {
  const body = { capability: "text", provider: "openai-compatible", model: "test-model", prompt: "What is it?" };
  const answer = await gateway.post("/sandbox/generate", {
    ...body,
    attachments: [{ $artifact: idOf("picture") }, { $artifact: idOf("film") }],
  });
  expect(answer).toMatchObject({ status: 200, body: { ok: true, warnings: [expect.stringContaining("film.mkv")] } });
  expect(lastUser()[1].image_url.url).toContain("data:image/png");
  const unknown = await gateway.post("/sandbox/generate", { ...body, attachments: [{ $artifact: "0".repeat(32) }] });
  expect([unknown.status, unknown.body.detail]).toEqual([404, `Artifact '${"0".repeat(32)}' not found`]);
  expect((await gateway.post("/sandbox/generate", { ...body, attachments: [{}] })).status).toBe(400);
});

test("an agent sees what its user attached, in each of its turns", async () => {
  const calls = [{ id: "c1", name: "list_files", arguments: "{}" }];
  server.replies.push({ content: "", toolCalls: calls }, { content: "A dot." });
  const input = { prompt: "What is it?", attachments: [{ $artifact: idOf("picture") }], workspace_root: workspace };
  const runId = await gateway.start("agent", input, { session_id: session });
  await gateway.follow(runId);
  expect(asked()).toHaveLength(2);
  for (const at of [0, 1]) expect(lastUser(at)[1].image_url.url).toContain("data:image/png");
});

test("an agent is told of the session's attachments, opens a text in parts and a picture, and is shown it once", async () => {
  const open = (id: string, args: object) => ({ id, name: "open_attachment", arguments: JSON.stringify(args) });
  const replies = [
    {
      content: "",
      toolCalls: [open("c1", { handle: "notes.txt", start_line: 2 }), open("c2", { artifact_id: idOf("picture") })],
    },
    { content: "", toolCalls: [open("c3", { handle: "nothing.txt" })] },
    { content: "A dot." },
  ];
  server.replies.push(...replies);
  const runId = await gateway.start(
    "agent",
    { prompt: "What is it?", workspace_root: workspace },
    { session_id: session },
  );
  await gateway.follow(runId);
  const [first, second, third] = asked().map(({ body }) => body.messages);
  expect(first[0].content).toContain(`- docs/notes.txt (text/plain, 29 bytes, artifact_id ${idOf("notes")})`);
  expect(second.findLast((message: any) => message.tool_call_id === "c1").content).toContain("2: the word is river");
  expect(second.at(-1).content[1].image_url.url).toContain("data:image/png");
  expect(JSON.stringify(third)).not.toContain("data:image/png");
  expect(third.findLast((message: any) => message.tool_call_id === "c3").content).toMatch(
    /there is no attachment 'nothing.txt'; there is 'docs\//,
  );
});
