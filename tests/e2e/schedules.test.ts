import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive, exec, flow } from "#fixtures/bundles.ts";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { ask, short } from "#fixtures/sample-flows.ts";

let gateway: Gateway;
let dataDir: string;

const fails = flow("fails", [exec("start", "on_flow_start"), exec("x", "read_pdf")], ["start > x"]);
const slow = flow(
  "slow",
  [
    exec("start", "on_flow_start"),
    exec("wait", "wait_until", {
      in: ["duration:number"],
      defaults: { duration: 1.5 },
    }),
    exec("end", "on_flow_end"),
  ],
  ["start > wait", "wait > end"],
);

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "gateway-schedules-"));
  gateway = await startGateway({ dataDir });
  for (const each of [short, ask, fails, slow]) await gateway.upload(each.id, archive(each.id, [each]));
});
afterAll(() => gateway?.close());

async function schedule(bundle: string, more: object): Promise<string> {
  const { status, body } = await gateway.post("/runs/schedule", { bundle_id: bundle, flow_id: bundle, ...more });
  if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return body.run_id;
}

const read = async (id: string) => (await gateway.get(`/schedules/${id}`)).body;
/** Ids of the child runs, in the order of their starts. */
const childrenOf = async (id: string) =>
  (await gateway.ledger(id))
    .filter((record) => record.node_id === "run_target" && record.status === "waiting")
    .map((record) => record.result.wait.details.sub_run_id as string);

async function until<T>(look: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> {
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    await Bun.sleep(20);
  }
}

const waitsForItsTime = (id: string) =>
  until(
    async () => (await gateway.get(`/runs/${id}`)).body,
    (run) => run.waiting?.reason === "until",
  );

test("at once and once: the parent has the rows that clients know, and its child ran", async () => {
  const id = await schedule("short", { input_data: { prompt: "Hi" } });
  await gateway.follow(id);
  const rows = (await gateway.ledger(id)).map(
    (record) => `${record.node_id} ${record.effect?.type ?? "-"} ${record.status}`,
  );
  expect(rows).toEqual([
    "wait_start wait_until started",
    "wait_start wait_until completed",
    "run_target start_subworkflow started",
    "run_target start_subworkflow waiting",
    "run_target resume completed",
    "end - completed",
    expect.stringContaining("completed"),
  ]);
  const { body } = await gateway.get(`/runs/${id}`);
  expect(body).toMatchObject({ status: "completed", is_scheduled: true });
  expect(body.workflow_id).toMatch(/^scheduled:[0-9a-f-]{36}$/);
  expect(body.schedule).toMatchObject({
    kind: "scheduled_run",
    interval: null,
    repeat_count: null,
    start_at: null,
    share_context: true,
    target_bundle_ref: "short@1.0.0",
    target_flow_id: "short",
    executions: 1,
  });
  const [child = ""] = await childrenOf(id);
  expect((await gateway.get(`/runs/${child}`)).body).toMatchObject({
    status: "completed",
    parent_run_id: id,
    session_id: id,
  });
});

test("later: it waits for its time, and can be run before", async () => {
  const id = await schedule("short", { start_at: "10m" });
  const waiting = await gateway.until(id, "waiting");
  expect(waiting.waiting).toMatchObject({ reason: "until" });
  expect(waiting.current_node).toBe("wait_start");
  expect((await read(id)).next_fire_times).toHaveLength(1);
  await gateway.command(id, "resume", { payload: { mode: "run_now" } });
  await until(
    () => childrenOf(id),
    (children) => children.length === 1,
  );
  // Its own time stays.
  await waitsForItsTime(id);
  expect((await read(id)).next_fire_times).toHaveLength(1);
  await gateway.command(id, "cancel");
  await gateway.follow(id);
});

test("so many times at a fixed rate, each run in a session of its own where that is wanted", async () => {
  const id = await schedule("short", { interval: "1s", repeat_count: 3, share_context: false });
  await gateway.follow(id);
  const children = await childrenOf(id);
  expect(children).toHaveLength(3);
  const runs = await Promise.all(children.map(async (child) => (await gateway.get(`/runs/${child}`)).body));
  const { body } = await gateway.get(`/runs/${id}`);
  expect(runs.map((run) => run.session_id)).toEqual([0, 1, 2].map((index) => `${body.workflow_id} : ${index}`));
  const starts = runs.map((run) => Date.parse(run.created_at));
  // One second from time to time, and not from end to time.
  expect(Math.abs((starts[2] ?? 0) - (starts[0] ?? 0) - 2000)).toBeLessThan(500);
  expect(body.schedule).toMatchObject({ executions: 3, interval: "1s", repeat_count: 3 });
}, 30_000);

test("a schedule is changed, paused, resumed with a run at once, listed and ended", async () => {
  const id = await schedule("short", { start_at: "2h", interval: "1h" });
  await gateway.until(id, "waiting");
  const patch = (body: object) => gateway.request("PATCH", `/schedules/${id}`, body);
  expect((await patch({ interval: "30m", note: "twice as often" })).body).toMatchObject({
    ok: true,
    message: "Changed the schedule",
  });
  const changed = await until(
    () => read(id),
    ({ schedule: { interval } }) => interval === "30m",
  );
  expect(changed.schedule).toMatchObject({ note: "twice as often", overlap: "skip", executions: 0 });
  expect(changed.schedule.updated_at).not.toBeNull();
  expect(changed.next_fire_times).toHaveLength(10);
  const [first, second] = changed.next_fire_times.map((time: string) => Date.parse(time));
  expect(second - first).toBe(1_800_000);
  for (const [body, reason] of [
    [{ interval: "soon" }, /interval must be a duration/],
    [{ cron: ["61 * * * *"] }, /cannot be read/],
    [{ timezone: "Mars/Olympus" }, /is not known/],
    [{ overlap: "never" }, /overlap must be one of/],
    [{}, /names nothing to change/],
  ] as const) {
    const refused = await patch(body);
    expect(refused.status).toBe(400);
    expect(refused.body.detail).toMatch(reason);
  }
  await gateway.command(id, "pause", { reason: "holiday" });
  await until(
    () => read(id),
    ({ paused }) => paused,
  );
  expect(await read(id)).toMatchObject({ pause_reason: "holiday", next_fire_times: [] });
  await gateway.command(id, "resume", {});
  await until(
    () => childrenOf(id),
    (children) => children.length === 1,
  );
  expect((await gateway.get("/schedules?status=waiting")).body.items.map((item: any) => item.schedule_id)).toContain(
    id,
  );
  expect((await gateway.request("DELETE", `/schedules/${id}`)).body.ok).toBe(true);
  await gateway.follow(id);
  expect((await gateway.get(`/runs/${id}`)).body.status).toBe("cancelled");
  expect((await gateway.get("/schedules/nobody")).status).toBe(404);
}, 30_000);

test("a client that knows only a run of the schedule changes it, and draws it", async () => {
  const id = await schedule("ask", { interval: "1h" });
  const [child = ""] = await until(
    () => childrenOf(id),
    (children) => children.length === 1,
  );
  await gateway.command(child, "update_schedule", { interval: "20m", apply_immediately: true });
  const { body } = await until(
    () => gateway.get(`/runs/${id}`),
    ({ body: run }) => run.schedule.interval === "20m",
  );
  const drawn = (await gateway.get(`/workflows/${encodeURIComponent(body.workflow_id)}/flow`)).body;
  expect(drawn).toMatchObject({ workflow_id: body.workflow_id, source: "dynamic" });
  expect(drawn.flow.nodes.map((node: any) => node.id)).toEqual([
    "start",
    "wait_start",
    "wait_interval",
    "run_target",
    "end",
  ]);
  expect((await gateway.get("/workflows/scheduled%3Anobody/flow")).status).toBe(404);
  await gateway.command(id, "cancel");
  await gateway.follow(id);
  await gateway.follow(child);
  expect((await gateway.get(`/runs/${child}`)).body.status).toBe("cancelled");
});

test("a past range is made up for, time by time", async () => {
  const id = await schedule("short", { start_at: "1h", interval: "1h" });
  const { anchor } = (await gateway.until(id, "waiting")).schedule;
  const from = new Date(Date.parse(anchor) - 3 * 3_600_000).toISOString();
  await gateway.request("PATCH", `/schedules/${id}`, { backfill: { from, to: new Date().toISOString() } });
  await until(
    () => childrenOf(id),
    (children) => children.length === 3,
  );
  const after = await waitsForItsTime(id);
  expect(Date.parse(after.waiting.until)).toBeGreaterThan(Date.now());
  await gateway.command(id, "cancel");
}, 30_000);

describe("a time that comes while the last run works", () => {
  const outcome = async (overlap: string) => {
    const id = await schedule("slow", { interval: "1s", repeat_count: 3, overlap });
    await gateway.follow(id);
    const isOver = (run: any) => run.status === "completed" || run.status === "cancelled";
    const runs = await until(
      async () =>
        (await gateway.get("/runs?limit=500&root_only=false")).body.items.filter(
          (run: any) => run.parent_run_id === id,
        ),
      (items) => items.every(isOver),
    );
    const statuses = runs.map((run: any) => run.status);
    return {
      runs: runs.length,
      cancelled: statuses.filter((status: string) => status === "cancelled").length,
      schedule: (await read(id)).schedule,
    };
  };

  test("is skipped, waits, or takes the place of the other", async () => {
    const [skip, bufferAll, cancelOther, allowAll] = await Promise.all(
      ["skip", "buffer_all", "cancel_other", "allow_all"].map(outcome),
    );
    expect(skip?.runs).toBe(3);
    expect(skip?.schedule.skipped).toBeGreaterThanOrEqual(2);
    expect(bufferAll).toMatchObject({ runs: 3, cancelled: 0, schedule: { skipped: 0 } });
    expect(cancelOther).toMatchObject({ runs: 3, cancelled: 2 });
    expect(allowAll).toMatchObject({ runs: 3, cancelled: 0, schedule: { skipped: 0 } });
  }, 60_000);
});

test("a schedule may pause itself when a run fails", async () => {
  const id = await schedule("fails", { interval: "1s", pause_on_failure: true });
  const paused = await until(
    () => read(id),
    (seen) => seen.paused,
  );
  expect(paused.pause_reason).toMatch(/^The run .* failed$/);
  expect(await childrenOf(id)).toHaveLength(1);
  await gateway.command(id, "cancel");
}, 30_000);

test.each([
  [{ repeat_count: 0 }, /repeat_count must be >= 1/],
  [{ repeat_count: 2 }, /repeat_count > 1 requires interval/],
  [{ repeat_count: 2, repeat_until: "2030-01-01", interval: "1h" }, /cannot be combined/],
  [{ repeat_until: "2030-01-01" }, /repeat_until requires interval/],
  [{ repeat_until: "soon", interval: "1h" }, /Invalid repeat_until/],
  [{ start_at: "tomorrow" }, /Invalid start_at: 'tomorrow'/],
  [{ interval: "1 fortnight" }, /Invalid interval: '1 fortnight'/],
  [{ interval: "0s" }, /from 1 second/],
  [{ interval: "1h", start_at: "2030-01-02", repeat_until: "2030-01-01" }, /repeat_until must be >= start_at/],
  [{ interval: "90.5s", repeat_until: "2030-01-01" }, /Invalid interval: '90.5s'/],
  [{ interval: "2000ms", repeat_until: "2030-01-01" }, /Invalid interval: '2000ms'/],
  [{ interval: "1h", start_at: "10m", repeat_until: "2030-01-01" }, /Invalid start_at: '10m'/],
  [{ interval: "1s", repeat_until: "2090-01-01" }, /too many executions \(max 10000\)/],
  [{ interval: "1s", repeat_count: 10_001 }, /at most 10000/],
  [{ cron: "0 0 30 2 *" }, /never comes/],
  [{ cron: [1] }, /cron must be/],
  [{ cron: Array.from({ length: 21 }, () => "* * * * *") }, /at most 20 patterns/],
  [{ cron: "0 9 * * *", timezone: "Mars/Olympus" }, /is not known/],
  [{ overlap: "maybe" }, /overlap must be one of/],
  [{ jitter: "some" }, /jitter must be a duration/],
])("a bad time is refused at once: %j", async (more, reason) => {
  const { status, body } = await gateway.post("/runs/schedule", { bundle_id: "short", flow_id: "short", ...more });
  expect(status).toBe(400);
  expect(body.detail).toMatch(reason);
});

test("what cannot be run is not scheduled", async () => {
  expect((await gateway.post("/runs/schedule", { bundle_id: "nobody", flow_id: "x" })).status).toBe(404);
  expect((await gateway.post("/runs/schedule", { bundle_id: "short" })).status).toBe(422);
});

test("killed at any moment, a schedule loses no time and doubles none", async () => {
  const count = 6;
  const id = await schedule("short", { interval: "1s", repeat_count: count, overlap: "buffer_all" });
  for (let kill = 0; kill < 5; kill++) {
    await Bun.sleep(200 + Math.random() * 700);
    await gateway.kill();
    gateway = await startGateway({ dataDir });
  }
  await gateway.follow(id);
  const { body } = await gateway.get(`/runs/${id}`);
  expect(body).toMatchObject({ status: "completed", schedule: { executions: count, skipped: 0 } });
  const runs = (await gateway.get("/runs?limit=500&root_only=false")).body.items.filter(
    (run: any) => run.parent_run_id === id,
  );
  expect(runs.map((run: any) => run.status)).toEqual(Array.from({ length: count }, () => "completed"));
}, 60_000);
