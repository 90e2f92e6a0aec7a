import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type TestFlow, archive } from "#fixtures/bundles.ts";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";

/*
 * What a real browser client asked the reference, asked again: the same requests in the same order, and every reply must have the fields that
 * the recorded one had, of the same kinds. Runs have other ids here; they are told apart by the place where they were started.
 */
const recording = resolve(
  process.env["SHARED_DIR"] ?? join(import.meta.dirname, "../../../shared"),
  "contract/reference/traffic-observer.jsonl",
);
const isThere = existsSync(recording);

interface Exchange {
  n: number;
  method: string;
  path: string;
  status: number;
  sse: boolean;
  body?: any;
  response: any;
}

const exchanges: Exchange[] = isThere
  ? readFileSync(recording, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Exchange)
  : [];

/** Parts of the recording that this test asks again; sign-in, schedules, artifacts and the graph have tests of their own. */
const asked = [
  /\/discovery\//,
  /\/bundles\/accept-(?:ask|tool)/,
  /\/runs\/start$/,
  /\/runs\/[0-9a-f-]{36}(?:\/(?:ledger|input_data|history_bundle).*)?$/,
  /\/commands$/,
  /\/runs\/ledger\/batch$/,
];

/** Fields of the reference that say what only it has. */
const foreign = [
  /^workflow_snapshot\b/,
  /\.record\.signature$/,
  /^(?:error|catalog\.error)$/,
  /provider_endpoint_profile/,
  // A call gets its second id when it is carried out; clients read it in the wait and in the result.
  /\beffect\.payload\.tool_calls\[\]\.runtime_call_id$/,
  // A resume record holds the answer as it was given; what the approved calls came to is in the record before it.
  /\beffect\.payload\.payload\.(?:mode|results)\b/,
];

let gateway: Gateway;
let workspace: string;
const runs = new Map<string, string>();

const flowsIn = (bundle: string) =>
  exchanges.find(({ path, status }) => path.startsWith(`/api/gateway/bundles/${bundle}/flows/`) && status === 200)
    ?.response.flow as TestFlow;

beforeAll(async () => {
  if (!isThere) return;
  workspace = await mkdtemp(join(tmpdir(), "gateway-recorded-"));
  await writeFile(join(workspace, "a.txt"), "a");
  gateway = await startGateway({
    env: { OPENAI_API_KEY: "test", ABSTRACTGATEWAY_PROBE_SERVERS: "0", ABSTRACTGATEWAY_WORKSPACE_DIR: workspace },
  });
  for (const bundle of ["accept-ask", "accept-tool"]) {
    const { status } = await gateway.upload(bundle, archive(bundle, [flowsIn(bundle)]));
    expect(status).toBe(200);
  }
});
afterAll(async () => {
  await gateway?.close();
  if (workspace) await rm(workspace, { recursive: true, force: true });
});

/** Paths of all fields with the kind of their values; items of lists are one path. */
function shapeOf(value: any, at = "", shape = new Map<string, string>()): Map<string, string> {
  if (Array.isArray(value)) {
    shape.set(at, "array");
    if (value.length > 0) shapeOf(value[0], `${at}[]`, shape);
  } else if (value !== null && typeof value === "object") {
    shape.set(at, "object");
    for (const [key, inner] of Object.entries(value)) {
      // Ids as keys are values.
      shapeOf(inner, at === "" ? nameless(key) : `${at}.${nameless(key)}`, shape);
    }
  } else shape.set(at, value === null ? "null" : typeof value);
  return shape;
}

const nameless = (key: string) => (/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(key) ? "<id>" : key);

function missing(recorded: any, ours: any): string[] {
  const shape = shapeOf(ours);
  return [...shapeOf(recorded)]
    .filter(([path]) => !foreign.some((each) => each.test(path)))
    .filter(([path, kind]) => {
      const own = shape.get(path);
      // A list that is empty here has no items to compare, and an object without content no fields.
      if (own === undefined) return !hasEmptyParent(path, shape);
      return kind !== own && kind !== "null" && own !== "null";
    })
    .map(([path, kind]) => `${path}: ${kind}, here ${shape.get(path) ?? "nothing"}`);
}

function hasEmptyParent(path: string, shape: Map<string, string>): boolean {
  for (let at = path.lastIndexOf("[]"); at >= 0; at = path.lastIndexOf("[]", at - 1)) {
    const list = path.slice(0, at);
    if (shape.has(list) && !shape.has(`${list}[]`)) return true;
    if (at === 0) break;
  }
  const parents = path
    .split(".")
    .slice(0, -1)
    .map((_, index, parts) => parts.slice(0, index + 1).join("."));
  return parents.some((parent) => shape.get(parent) === "null");
}

const translated = (text: string) =>
  text.replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, (id) => runs.get(id) ?? id);

/** The request with our ids; an answer goes to the wait that is open here. */
async function again({ method, path, body }: Exchange): Promise<{ status: number; body: any }> {
  const request = body === undefined ? undefined : JSON.parse(translated(JSON.stringify(body)));
  if (request?.payload?.wait_key) {
    const run = await gateway.until(request.run_id, "waiting");
    request.payload.wait_key = run.waiting.wait_key;
  }
  return gateway.request(method, translated(path).replace(/^\/api\/gateway/, ""), request);
}

/** Recorded runs that are ours too: those of the two bundles. */
function isKnown({ path, body }: Exchange): boolean {
  const ids =
    (path + JSON.stringify(body ?? {})).match(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g) ?? [];
  const named = path.endsWith("/commands") ? [body.run_id] : path.endsWith("/start") ? [] : ids;
  return named.every((id: string) => runs.has(id));
}

test.skipIf(!isThere)(
  "the recorded client finds every field that it found in the reference",
  async () => {
    const problems: string[] = [];
    let compared = 0;
    for (const exchange of exchanges) {
      const { n, method, path, status, sse, body, response } = exchange;
      const isOurs = asked.some((each) => each.test(path.split("?")[0] ?? "")) && status === 200 && !sse;
      if (!isOurs || !["GET", "POST"].includes(method) || !isKnown(exchange)) continue;
      const reply = await again(exchange);
      if (reply.status !== status)
        problems.push(`${n} ${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
      if (path.endsWith("/runs/start")) {
        runs.set(response.run_id, reply.body.run_id);
        await gateway.until(reply.body.run_id, "waiting");
      }
      // What an answer leads to is there when the client asks the next time.
      if (path.endsWith("/commands") && body.type === "resume") await gateway.follow(runs.get(body.run_id) ?? "");
      compared += 1;
      for (const problem of missing(response, reply.body))
        problems.push(`${n} ${method} ${path.slice(0, 80)} ${problem}`);
    }
    expect([...new Set(problems)]).toEqual([]);
    expect(compared).toBeGreaterThan(40);
  },
  60_000,
);

test.skipIf(!isThere)("its streams have the recorded events, with the recorded records", async () => {
  const recorded = exchanges.filter(({ sse, path }) => sse && [...runs.keys()].some((id) => path.includes(id)));
  expect(recorded.length).toBeGreaterThan(3);
  for (const { path, response } of recorded) {
    const [, runId = "", after = "0"] = /runs\/([^/]+)\/ledger\/stream\?after=(\d+)/.exec(path) ?? [];
    const events = await gateway.follow(runs.get(runId) ?? "", undefined, Number(after));
    const wanted = String(response)
      .split("\n\n")
      .flatMap((block) => {
        const name = /^event: (.*)$/m.exec(block)?.[1];
        const data = /^data: (.*)$/m.exec(block)?.[1];
        return name && data ? [{ name, data: JSON.parse(data) }] : [];
      });
    expect(events.map(({ event }) => event)).toEqual(wanted.map(({ name }) => name));
    for (const [index, { data }] of wanted.entries()) expect(missing(data, events[index]?.data)).toEqual([]);
  }
});
