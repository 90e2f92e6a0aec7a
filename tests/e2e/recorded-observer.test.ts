import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestFlow, archive } from "#fixtures/bundles.ts";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { type Exchange, Replay, eventsOf, missingFields, recordingOf } from "./replay.ts";

/*
 * What the observer asked the reference, in both of its modes, asked again: sign-in, watching, questions, approvals, schedules, sign-out; then
 * straight from a browser of another origin. Every reply must have the fields that the recorded one had, of the same kinds.
 */

const recording = recordingOf("traffic-observer.jsonl");

/** Fields of the reference that say what only it has. */
const foreign = [
  /^workflow_snapshot\b/,
  /\.record\.signature$/,
  /^(?:error|catalog\.error)$/,
  /provider_endpoint_profile/,
  // The editor published its bundles in between.
  /^items\[\]\.metadata\./,
  // A call gets its second id when it is carried out; clients read it in the wait and in the result.
  /\beffect\.payload\.tool_calls\[\]\.runtime_call_id$/,
  // A resume record holds the answer as it was given; what the approved calls came to is in the record before it.
  /\beffect\.payload\.payload\.(?:mode|results)\b/,
];

let gateway: Gateway;
let workspace: string;
let client: Replay;

const flowsIn = (bundle: string) =>
  recording?.find(({ path, status }) => path.startsWith(`/api/gateway/bundles/${bundle}/flows/`) && status === 200)
    ?.response.flow as TestFlow;

beforeAll(async () => {
  if (!recording) return;
  workspace = await mkdtemp(join(tmpdir(), "gateway-recorded-"));
  await writeFile(join(workspace, "a.txt"), "a");
  gateway = await startGateway({
    env: {
      ABSTRACTGATEWAY_USER_AUTH: "1",
      OPENAI_API_KEY: "test",
      ABSTRACTGATEWAY_PROBE_SERVERS: "0",
      ABSTRACTGATEWAY_WORKSPACE_DIR: workspace,
    },
  });
  client = await Replay.of(gateway);
  for (const bundle of ["accept-ask", "accept-tool", "accept-quick"]) {
    await client.upload(bundle, archive(bundle, [flowsIn(bundle)]));
  }
});
afterAll(async () => {
  await gateway?.close();
  if (workspace) await rm(workspace, { recursive: true, force: true });
});

const scheduleStream = 70;
/** Parts that have tests of their own. */
const left = [/\/email\//, /\/kg\/query$/];

async function learn({ path, body, response }: Exchange, reply: any): Promise<void> {
  if (path.endsWith("/runs/start")) {
    client.ids.set(response.run_id, reply.run_id);
    await client.until(reply.run_id, (run) => run.status === "waiting");
  } else if (path.endsWith("/runs/schedule")) {
    client.ids.set(response.run_id, reply.run_id);
    const run = await client.until(reply.run_id, (each) => each.waiting?.reason === "until");
    client.ids.set(scheduledIn(recording ?? []), run.workflow_id.replace("scheduled:", ""));
  } else if (path.endsWith("/commands")) await settled(client.translated(body.run_id), body);
}

/** The name that the reference gave the workflow of the schedule. */
function scheduledIn(exchanges: Exchange[]): string {
  const path = exchanges.find((each) => each.path.includes("/workflows/scheduled"))?.path ?? "";
  return /scheduled%3A([^/]+)/.exec(path)?.[1] ?? "";
}

/** What a command leads to is there when the client asks the next time. */
async function settled(runId: string, { type, payload }: { type: string; payload: any }): Promise<void> {
  const ended = ["completed", "cancelled"];
  if (type === "cancel" || payload?.wait_key) await client.until(runId, (run) => ended.includes(run.status));
  else if (type === "pause") await client.until(runId, (run) => run.paused);
  else await client.until(runId, (run) => !run.paused && run.waiting?.reason === "until");
}

test.skipIf(!recording)(
  "the observer's recorded conversation goes on with every reply that it needs (skipped without the shared contract)",
  async () => {
    const problems: string[] = [];
    const asked = { calls: 0, streams: 0, preflights: 0 };
    for (const exchange of recording ?? []) {
      const { n, method, path, status, sse, response } = exchange;
      // A schedule's stream was cut by the client's sign of life elsewhere; the last calls were never answered.
      if (status === 0 || left.some((each) => each.test(path)) || !client.knows(exchange)) continue;
      const at = `${n} ${method} ${path.slice(0, 90)}`;
      const reply = await client.ask(exchange, { wrongToken: status === 401 });
      if (method === "OPTIONS") {
        asked.preflights += 1;
        expect([200, 204]).toContain(reply.status);
        expect(reply.headers.get("access-control-allow-origin")).toBe(exchange.reqHeaders["origin"] ?? "");
        expect(reply.headers.get("access-control-allow-headers")?.toLowerCase()).toContain("authorization");
        continue;
      }
      if (reply.status !== status) problems.push(`${at}: ${reply.status} ${reply.text.slice(0, 300)}`);
      if (sse) {
        asked.streams += 1;
        const [wanted, got] = [eventsOf(String(response)), eventsOf(reply.text)];
        expect(got.at(-1)?.name).toBe("done");
        // The records of a schedule are our own.
        if (n === scheduleStream) continue;
        expect({ at, events: got.map(({ name }) => name) }).toEqual({ at, events: wanted.map(({ name }) => name) });
        for (const [index, { data }] of wanted.entries()) {
          for (const each of missingFields(data, got[index]?.data, foreign)) problems.push(`${at} ${each}`);
        }
        continue;
      }
      asked.calls += 1;
      await learn(exchange, reply.body);
      for (const each of missingFields(response, reply.body, foreign)) problems.push(`${at} ${each}`);
    }
    expect([...new Set(problems)]).toEqual([]);
    expect(asked.calls).toBeGreaterThan(90);
    expect(asked.streams).toBeGreaterThan(8);
    expect(asked.preflights).toBeGreaterThan(8);
  },
  120_000,
);
