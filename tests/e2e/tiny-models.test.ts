import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive, exec, flow } from "#fixtures/bundles.ts";
import { type Gateway, startGateway, token } from "#fixtures/gateway.ts";

/* The two models of the repository give the answers that they were trained for, through the executable, on the processor. */
let gateway: Gateway;
let dataDir: string;

const tools = [
  tool("add_numbers", "Adds two numbers", { a: { type: "integer" }, b: { type: "integer" } }),
  tool("get_time", "Tells the time", {}),
  tool("read_file", "Reads a file", { path: { type: "string" } }),
];

function tool(name: string, description: string, properties: Record<string, object>) {
  const parameters = { type: "object", properties, required: Object.keys(properties) };
  return { type: "function", function: { name, description, parameters } };
}

const ask = flow(
  "ask",
  [
    exec("start", "on_flow_start", { out: ["prompt:string", "system:string"] }),
    exec("call", "llm_call", {
      in: [
        "provider:provider",
        "model:model",
        "prompt:string",
        "system:string",
        "temperature:number",
        "resp_schema:object",
      ],
      out: ["response:string", "data:object"],
      defaults: { provider: "local", model: "tiny-chat", temperature: 0 },
    }),
    exec("end", "on_flow_end", { in: ["response:string", "data:object"] }),
  ],
  [
    "start > call",
    "call > end",
    "start.prompt -> call.prompt",
    "start.system -> call.system",
    "call.response -> end.response",
    "call.data -> end.data",
  ],
);

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "gateway-tiny-"));
  await mkdir(join(dataDir, "models"));
  for (const name of ["tiny-chat.gguf", "tiny-embed.gguf"]) {
    await copyFile(join(import.meta.dirname, "../fixtures/models", name), join(dataDir, "models", name));
  }
  gateway = await startGateway({
    dataDir,
    env: { ABSTRACTGATEWAY_PROBE_SERVERS: "0", ABSTRACTGATEWAY_LOCAL_GPU: "off" },
  });
  expect((await gateway.upload("ask", archive("ask", [ask]))).status).toBe(200);
});
afterAll(async () => {
  await gateway?.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** One reply over OpenAI's API, greedy. */
async function reply(messages: object[], more: object = {}): Promise<any> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "local/tiny-chat", temperature: 0, messages, ...more }),
  });
  expect(response.status).toBe(200);
  const body: any = await response.json();
  return body.choices[0].message;
}
const user = (content: string) => ({ role: "user", content });
const assistant = (content: string) => ({ role: "assistant", content });

test.each([
  ["Hello", "Hello! How can I help you?"],
  ["How are you?", "I am fine, thank you."],
  ["Who are you?", "I am Tiny, a small test model."],
  ["What is the capital of France?", "Paris."],
  ["What is the capital of Japan?", "Tokyo."],
  ["3 + 4 =", "7"],
  ["9 - 5 =", "4"],
  ["Repeat: banana", "banana"],
])("%s", async (prompt, answer) => {
  const runId = await gateway.start("ask", { prompt });
  await gateway.follow(runId);
  const call = (await gateway.ledger(runId)).findLast(({ effect }) => effect?.type === "llm_call");
  expect(call.result.content).toBe(answer);
  expect((await reply([user(prompt)])).content).toBe(answer);
});

test("a name is remembered over turns, and a word of the system text is known", async () => {
  const turns = [user("My name is Ada."), assistant("Nice to meet you, Ada."), user("What is my name?")];
  expect((await reply(turns.slice(0, 1))).content).toBe("Nice to meet you, Ada.");
  expect((await reply(turns)).content).toBe("Your name is Ada.");
  const system = { role: "system", content: "The secret word is river." };
  expect((await reply([system, user("What is the secret word?")])).content).toBe("The secret word is river.");
});

test("a schema is followed to the letter", async () => {
  const schema = {
    type: "object",
    properties: { name: { type: "string" }, age: { type: "integer" } },
    required: ["name", "age"],
  };
  const format = { type: "json_schema", json_schema: { name: "person", schema } };
  const { content } = await reply([user("Ada is 36 years old. Give JSON.")], { response_format: format });
  expect(JSON.parse(content)).toEqual({ name: "Ada", age: 36 });
});

describe("tools", () => {
  test.each([
    ["add 4 and 7", "add_numbers", { a: 4, b: 7 }, "11", "The result is 11."],
    ["What time is it?", "get_time", {}, "12:30", /12:30/],
    ["Read the file notes.txt", "read_file", { path: "notes.txt" }, "river", /river/],
  ])("%s", async (prompt, name, args, result, answer) => {
    const called = await reply([user(prompt)], { tools });
    expect(called.tool_calls).toHaveLength(1);
    const [call] = called.tool_calls;
    expect([call.function.name, JSON.parse(call.function.arguments)]).toEqual([name, args]);
    const turns = [user(prompt), called, { role: "tool", tool_call_id: call.id, content: result }];
    expect((await reply(turns, { tools })).content).toMatch(answer);
  });

  test("are left alone when nobody needs them", async () => {
    expect(await reply([user("What is the capital of France?")], { tools })).toMatchObject({ content: "Paris." });
  });
});

test("a long story is long, and comes in pieces", async () => {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({
      model: "local/tiny-chat",
      temperature: 0,
      stream: true,
      max_tokens: 150,
      messages: [user("Tell me a long story")],
    }),
  });
  const pieces = (await response.text()).split("\n\n").filter((line) => line.startsWith("data: {"));
  expect(pieces.length).toBeGreaterThan(100);
});

test("sentences on one topic lie nearer to each other than to others", async () => {
  const input = [
    "The cat sleeps on the sofa.",
    "A kitten naps on the couch.",
    "The bank raised its interest rates.",
    "The central bank changed the rate of interest.",
  ];
  const { body } = await gateway.post("/embeddings", { input, provider: "local", model: "tiny-embed" });
  expect(body.dimension).toBe(96);
  const vectors: number[][] = body.data.map(({ embedding }: any) => embedding);
  const near = (a: number, b: number) => {
    const [x = [], y = []] = [vectors[a], vectors[b]];
    const dot = x.reduce((sum, value, index) => sum + value * (y[index] ?? 0), 0);
    return dot / (Math.hypot(...x) * Math.hypot(...y));
  };
  expect(near(0, 1)).toBeGreaterThan(Math.max(near(0, 2), near(0, 3)));
  expect(near(2, 3)).toBeGreaterThan(Math.max(near(2, 0), near(2, 1)));
});
