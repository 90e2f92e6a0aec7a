import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Gateway, startGateway, token } from "#fixtures/gateway.ts";
import { fingerprint, program } from "#fixtures/migration.ts";
import { type PythonData, pythonCommand, writePython } from "#fixtures/python-gateway.ts";
import {
  asking,
  askingConsent,
  bundles,
  completed,
  insideSequence,
  listening,
  paused,
  scheduled,
  waitingForChild,
} from "#fixtures/python-runs.ts";

const hourMs = 3_600_000;
/** Half an hour ago: its time passed while nobody ran the gateway. */
const missed = new Date(Date.now() - hourMs / 2).toISOString();

function sample(folder: string): PythonData {
  return {
    runs: [
      completed("done"),
      asking("asks"),
      insideSequence("before", 1),
      insideSequence("after", 2),
      askingConsent("consents", join(folder, "data", "workspaces", "w1")),
      ...waitingForChild("mother", "child"),
      ...listening("root"),
      paused("held"),
      scheduled("hourly", { node: "wait_interval", until: missed, interval: "1h", ran: 1 }),
      scheduled("twice", { node: "wait_interval", until: missed, interval: "1h", repeat_count: 2, ran: 1 }),
      scheduled("once", {
        node: "wait_start",
        until: "2031-01-01T00:00:00+00:00",
        start_at: "2031-01-01T00:00:00+00:00",
      }),
    ],
    commands: [
      pythonCommand(1, "done", "pause", { reason: "Grüße" }),
      pythonCommand(2, "session-1", "emit_event", { name: "ping" }),
      pythonCommand(3, "asks", "resume", { payload: { response: "not yet read" } }),
    ],
    cursor: 2,
    artifacts: [{ id: "a1", runId: "done", content: "bytes with ü" }],
    bundles,
    deprecations: {
      version: 1,
      bundles: { listener: { "*": { deprecated_at: "2026-11-20T08:00:00+00:00", reason: "old" } } },
    },
  };
}

const ways = [
  ["file", "sqlite"],
  ["sqlite", "sqlite"],
  ["file", "file"],
  ["sqlite", "file"],
] as const;

describe.each(ways)("from the Python gateway's %s store into our %s store", (kind, to) => {
  const env = { ABSTRACTGATEWAY_STORE_BACKEND: to };
  let root: string;
  let gateway: Gateway;
  let data: PythonData;
  const until = async <T>(look: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> => {
    for (;;) {
      const seen = await look();
      if (holds(seen)) return seen;
      await Bun.sleep(20);
    }
  };
  const ended = (runId: string) =>
    until(
      async () => (await gateway.get(`/runs/${runId}`)).body,
      ({ status }) => status !== "waiting" && status !== "running",
    );

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "gateway-migrate-"));
    data = sample(root);
    const source = await writePython(kind, root, data);
    await Bun.write(join(source, "workspaces", "w1", "kept.txt"), "work");
    const before = await fingerprint(root);
    const done = await program(
      ["migrate", "--from", kind, "--to", to, "--data-dir", source, "--target-dir", "new"],
      root,
    );
    expect(done).toMatchObject({ code: 0, errors: "" });
    expect(done.output).toContain("13 runs (11 waiting, 2 completed), 3 of them schedules");
    expect(await fingerprint(root, ["new"])).toEqual(before);
    if (to === "sqlite") expect(await program(["verify", "--data-dir", "new"], root)).toMatchObject({ code: 0 });
    gateway = await startGateway({ dataDir: join(root, "new"), env });
  });
  afterAll(async () => {
    await gateway?.close();
    await rm(root, { recursive: true, force: true });
  });

  test("records come back with their content, and our chain over them", async () => {
    const [done] = data.runs;
    const records = await gateway.ledger("done");
    expect(records.map((record) => ({ ...record, prev_hash: null, record_hash: null }))).toEqual(
      done?.records as any[],
    );
    expect(records[0].record_hash).toMatch(/^[0-9a-f]{64}$/);
    expect(records[1].prev_hash).toBe(records[0].record_hash);
    expect((await gateway.get("/runs/done/input_data")).body.input_data).toEqual({ x: 1 });
  });

  test("a command that was accepted and not applied is applied now, others stay as they were", async () => {
    const run = await ended("asks");
    expect(run).toMatchObject({ status: "completed" });
    const answer = (await gateway.ledger("asks")).find((record) => record.effect?.type === "answer_user");
    expect(answer.effect.payload.message).toBe("not yet read");
    for (const [id, runId] of [
      ["command-1", "done"],
      ["command-2", "session-1"],
      ["command-3", "asks"],
    ] as const) {
      expect((await gateway.command(runId, "cancel", {}, id)).body).toMatchObject({ duplicate: true });
      expect((await gateway.get(`/commands/${id}`)).body.outcome.status).toBe("applied");
    }
  });

  test.each(["before", "after"])(
    "a run inside a sequence goes on with the third branch (count %s the branch)",
    async (id) => {
      await gateway.command(id, "resume", { payload: { response: "yes" } });
      expect(await ended(id)).toMatchObject({ status: "completed" });
      const said = (await gateway.ledger(id)).filter((record) => record.effect?.type === "answer_user");
      expect(said.map((record) => record.effect.payload.message)).toEqual(["third", "third"]);
    },
  );

  test("consent that was asked for carries out the calls, in the run's folder where it is now", async () => {
    await gateway.command("consents", "resume", { payload: { approved: true } });
    expect(await ended("consents")).toMatchObject({ status: "completed" });
    expect(await readFile(join(root, "new", "workspaces", "w1", "note.txt"), "utf8")).toBe("by consent");
    expect(existsSync(join(root, "new", "workspaces", "w1", "kept.txt"))).toBe(true);
    expect(existsSync(join(root, "data", "workspaces", "w1", "note.txt"))).toBe(false);
  });

  test("a parent whose child ended meanwhile hears of it and ends", async () => {
    expect(await ended("mother")).toMatchObject({ status: "completed" });
    const resume = (await gateway.ledger("mother")).find((record) => record.effect?.type === "resume");
    expect(resume.effect.payload.payload).toEqual({ sub_run_id: "child", output: { success: true, note: "Grüße" } });
  });

  test("a paused run stays paused, with its reason, and goes on with its second answer", async () => {
    expect((await gateway.get("/runs/held")).body).toMatchObject({ paused: true, pause_reason: "holiday" });
    await gateway.command("held", "resume");
    expect(await ended("held")).toMatchObject({ status: "completed", paused: false });
    const said = (await gateway.ledger("held")).filter(
      ({ status, node_id }) => status === "started" && node_id !== "end",
    );
    expect(said.map(({ node_id }) => node_id)).toEqual(["a1", "a2", "a3"]);
  });

  test("a listener hears events, more than one, and ends with its root", async () => {
    for (const n of [1, 2]) {
      await gateway.command("s-listen", "emit_event", { name: "ping", payload: { n } });
      await gateway.follow("root-on", ({ data }) => data.record?.effect?.payload?.message === String(n));
    }
    await gateway.command("root", "resume", { payload: { response: "done" } });
    expect(await ended("root")).toMatchObject({ status: "completed" });
    expect(await ended("root-on")).toMatchObject({ status: "cancelled" });
  });

  test("a schedule fires for the time that was missed and goes on at its hours", async () => {
    await until(
      async () => (await gateway.get("/schedules/hourly")).body.schedule,
      ({ executions }) => executions === 2,
    );
    const { body } = await gateway.get("/schedules/hourly");
    expect(body.next_fire_times[0].slice(0, 23)).toBe(new Date(Date.parse(missed) + hourMs).toISOString().slice(0, 23));
    const child = await gateway.get(`/runs/${body.schedule.last_run_id}`);
    expect(child.body).toMatchObject({ workflow_id: "short@1.0.0:short", parent_run_id: "hourly" });
  });

  test("a schedule with a count ends when it is reached; one for 2031 waits", async () => {
    expect(await ended("twice")).toMatchObject({ status: "completed" });
    const { waiting, schedule } = (await gateway.get("/runs/once")).body;
    expect(waiting).toMatchObject({ reason: "until", until: "2031-01-01T00:00:00+00:00" });
    expect(schedule).toMatchObject({ next_fire_at: "2031-01-01T00:00:00.000000+00:00", executions: 0 });
  });

  test("artifacts have their bytes, bundles are installed, deprecations hold", async () => {
    const response = await fetch(`${gateway.url}/api/gateway/runs/done/artifacts/a1/content`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await response.text()).toBe("bytes with ü");
    const { items } = (await gateway.get("/bundles")).body;
    expect(items.map((each: any) => each.bundle_id)).toEqual(expect.arrayContaining(["ask", "ask-loop", "parent"]));
    const refused = await gateway.post("/runs/start", { bundle_id: "listener", input_data: {} });
    expect(refused).toMatchObject({ status: 409, body: { detail: expect.stringContaining("is deprecated: old") } });
  });
});
