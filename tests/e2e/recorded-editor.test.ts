import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { type Exchange, Replay, eventsOf, missingFields, recordingOf } from "./replay.ts";

/* The flow editor's conversation with the reference, from sign-in to sign-out, held again call by call with the executable. */

const recording = recordingOf("traffic-flow.jsonl");

/** Fields of the reference that say what only it has. */
const foreign = [
  /^workflow_snapshot\b/,
  /\.record\.signature$/,
  /\beffect\.payload\.tool_calls\[\]\.runtime_call_id$/,
  /\beffect\.payload\.payload\.(?:mode|results)\b/,
];

let gateway: Gateway;
let workspace: string;
let client: Replay;

beforeAll(async () => {
  if (!recording) return;
  workspace = await mkdtemp(join(tmpdir(), "gateway-recorded-"));
  await writeFile(join(workspace, "a.txt"), "a");
  gateway = await startGateway({
    env: {
      ABSTRACTGATEWAY_USER_AUTH: "1",
      ABSTRACTGATEWAY_PROBE_SERVERS: "0",
      ABSTRACTGATEWAY_WORKSPACE_DIR: workspace,
    },
  });
  client = await Replay.of(gateway);
});
afterAll(async () => {
  await gateway?.close();
  if (workspace) await rm(workspace, { recursive: true, force: true });
});

/** What the reply says of new things: their ids here. */
async function learn({ path, body, response }: Exchange, reply: any): Promise<void> {
  if (path.endsWith("/visualflows") && body) client.ids.set(response.id, reply.id);
  if (path.endsWith("/runs/start")) {
    client.ids.set(response.run_id, reply.run_id);
    await client.until(reply.run_id, (run) => run.status === "waiting");
  }
  // What a command leads to is there when the client asks the next time.
  if (path.endsWith("/commands")) {
    await client.until(client.translated(body.run_id), (run) => ["completed", "cancelled"].includes(run.status));
  }
}

test.skipIf(!recording)(
  "the editor's recorded conversation goes on with every reply that it needs (skipped without the shared contract)",
  async () => {
    const problems: string[] = [];
    for (const exchange of recording ?? []) {
      const { n, method, path, status, sse, response } = exchange;
      const reply = await client.ask(exchange, { wrongToken: status === 401 });
      const at = `${n} ${method} ${path.slice(0, 90)}`;
      if (reply.status !== status) problems.push(`${at}: ${reply.status} ${reply.text.slice(0, 300)}`);
      if (sse) {
        const [wanted, got] = [eventsOf(String(response)), eventsOf(reply.text)];
        expect({ at, events: got.map(({ name }) => name) }).toEqual({ at, events: wanted.map(({ name }) => name) });
        for (const [index, { data }] of wanted.entries()) {
          for (const each of missingFields(data, got[index]?.data, foreign)) problems.push(`${at} ${each}`);
        }
        continue;
      }
      await learn(exchange, reply.body);
      if (response === "see capabilities.json") continue;
      for (const each of missingFields(response, reply.body, foreign)) problems.push(`${at} ${each}`);
    }
    expect([...new Set(problems)]).toEqual([]);
    expect(client.ids.size).toBe(5);
  },
  60_000,
);

test.skipIf(!recording)("what the editor enables its buttons by is there", async () => {
  const { capabilities } = await client.get("/discovery/capabilities");
  const { contracts, execution } = { execution: capabilities.contracts.common.execution, ...capabilities };
  const editor = contracts.flow_editor;
  expect(contracts.version).toBe(1);
  expect(editor.available).toBe(true);
  expect(editor.visualflows.crud).toMatchObject({
    available: true,
    collection_endpoint: "/api/gateway/visualflows",
    item_endpoint: "/api/gateway/visualflows/{flow_id}",
  });
  expect(editor.visualflows.publish).toMatchObject({ available: true });
  expect(editor.run_input_schema).toMatchObject({ available: true });
  for (const name of ["input_data", "start", "summary", "commands", "history_bundle", "list"]) {
    expect({ name, ...contracts.common.runs[name] }).toMatchObject({ name, available: true });
  }
  expect(contracts.common.ledger.stream).toMatchObject({ available: true, transport: "sse" });
  expect(execution.code.contract).toBe("code_execution_policy_v1");
  expect(execution.code.modes[0]).toMatchObject({ id: "sandbox", available: true });
});
