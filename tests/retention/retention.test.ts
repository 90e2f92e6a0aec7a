import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDiskBlobs } from "#artifacts/disk-blobs.ts";
import type { BlobStore } from "#artifacts/blob-store.ts";
import type { RunIdentity, RunProgress } from "#core/run.ts";
import { isoTime } from "#core/time.ts";
import type { ArtifactRow, Ledger } from "#ledger/ledger.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { createRetention } from "#retention/create-retention.ts";
import { type Retention, type RetentionPolicy, dayMs } from "#retention/retention.ts";
import { Chain, command, newRun, progress, wait } from "../ledger/sample-runs.ts";

let dir = "";
let ledger: Ledger;
let blobs: BlobStore;
const start = Date.now();
let nowMs = start;

const policy: RetentionPolicy = { runsDays: 30, statesDays: 7, artifactsDays: 0, draftTtlS: 3600 };

const retentionWith = (more: Partial<RetentionPolicy> = {}): Retention =>
  createRetention({
    ledger,
    artifactsDir: join(dir, "artifacts"),
    workspacesDir: join(dir, "workspaces"),
    policy: { ...policy, ...more },
    now: () => nowMs,
  });

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "retention-test-"));
  nowMs = start;
  ledger = await openSqliteLedger({ path: join(dir, "gateway.sqlite3"), now: () => nowMs });
  blobs = createDiskBlobs(join(dir, "artifacts"));
});

afterEach(async () => {
  await ledger.close();
  await rm(dir, { recursive: true });
});

type More = Partial<RunIdentity & RunProgress>;

const ageMs = (days: number) => isoTime(start - days * dayMs);

/** A run that was last changed so many days ago. */
async function add(runId: string, status: RunProgress["status"], days: number, more: More = {}, vars = "{}") {
  const updated_at = ageMs(days);
  await ledger.commit({ starts: [newRun(runId, { ...more, updated_at }, vars)] });
  const isEnd = status !== "running" && status !== "waiting";
  const end = progress(status, {
    updated_at,
    finished_at: isEnd ? updated_at : null,
    ...(more.wait ? { wait: more.wait } : {}),
    ...(more.schedule ? { schedule: more.schedule } : {}),
  });
  const chain = new Chain(runId);
  await ledger.commit({ updates: [chain.next(1, { progress: end })] });
  return chain;
}

const child = (parent: string, more: More = {}): More => ({
  parent_run_id: parent,
  root_run_id: parent,
  session_id: parent,
  ...more,
});
const remaining = async (...runIds: string[]) => {
  const runs = await Promise.all(runIds.map((runId) => ledger.getRun(runId)));
  return runIds.filter((_, index) => runs[index] !== null);
};

async function addArtifact(id: string, runId: string | null, text: string, days = 40): Promise<ArtifactRow> {
  const blobId = await blobs.put(new TextEncoder().encode(text));
  const row: ArtifactRow = {
    artifact_id: id.repeat(32),
    blob_id: blobId,
    run_id: runId,
    runtime_id: "default",
    content_type: "text/plain",
    size_bytes: text.length,
    created_at: ageMs(days),
    tags: {},
    metadata: {},
  };
  await ledger.commit({ artifacts: [row] });
  return row;
}

async function age(path: string, days: number) {
  const time = new Date(start - days * dayMs);
  await utimes(path, time, time);
}

const blobPath = (blobId: string) => join(dir, "artifacts", "blobs", `${blobId}.bin`);
const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

describe("ended runs", () => {
  test("go when they are old enough, with their children, and a dry run only says so", async () => {
    await add("old", "completed", 40);
    await add("below", "failed", 40, child("old"));
    await add("young", "completed", 20);
    const retention = retentionWith();
    const plan = await retention.sweep({ isDryRun: true });
    expect(plan.runs).toMatchObject({ runs: 2, ledger_records: 2 });
    expect(plan.runs.bytes).toBeGreaterThan(0);
    expect(await remaining("old", "below", "young")).toEqual(["old", "below", "young"]);
    const done = await retention.sweep();
    expect(done.runs).toEqual(plan.runs);
    expect(await remaining("old", "below", "young")).toEqual(["young"]);
    expect((await retention.sweep()).runs.runs).toBe(0);
  });

  test("stay for ever with 0 days", async () => {
    await add("old", "completed", 4000);
    expect((await retentionWith({ runsDays: 0 }).sweep()).runs.runs).toBe(0);
    expect(await remaining("old")).toEqual(["old"]);
  });

  test("stay while a run of their family lives, or ended a short time ago", async () => {
    await add("a", "completed", 40);
    await add("a-live", "waiting", 40, child("a"));
    await add("b", "completed", 40);
    await add("b-young", "completed", 3, child("b"));
    await add("c", "waiting", 40);
    await add("c-ended", "completed", 40, child("c"));
    await retentionWith().sweep();
    expect(await remaining("a", "a-live", "b", "b-young", "c", "c-ended")).toHaveLength(6);
  });

  test("stay while somebody still works in their session, and go with it", async () => {
    await add("turn-1", "completed", 90, { session_id: "talk" });
    await add("turn-2", "completed", 5, { session_id: "talk" });
    await add("lone", "completed", 90, { session_id: "over" });
    await add("asks-1", "completed", 90, { session_id: "open" });
    await add("asks-2", "waiting", 90, { session_id: "open" });
    const retention = retentionWith();
    await retention.sweep();
    const all = ["turn-1", "turn-2", "lone", "asks-1", "asks-2"];
    expect(await remaining(...all)).toEqual(["turn-1", "turn-2", "asks-1", "asks-2"]);
    nowMs += 60 * dayMs;
    await retention.sweep();
    expect(await remaining(...all)).toEqual(["asks-1", "asks-2"]);
  });

  test("of a live schedule go one by one, but not its last one, and none while it has not read of their end", async () => {
    const schedule = { last_run_id: "third" };
    const asleep = wait("until", { until: isoTime(start + dayMs) });
    await add("clock", "waiting", 1, { schedule_id: "clock", schedule, wait: asleep });
    for (const runId of ["first", "second"]) await add(runId, "completed", 40, child("clock"));
    await add("below", "completed", 40, { parent_run_id: "first", root_run_id: "clock", session_id: "clock" });
    await add("third", "completed", 40, child("clock"));
    const all = ["clock", "first", "below", "second", "third"];
    await ledger.commit({ commands: [command("c", "clock")] });
    await retentionWith().sweep();
    expect(await remaining(...all)).toEqual(all);
    const [mail] = await ledger.readMail("clock", 9);
    const chain = new Chain("clock");
    chain.head = 1;
    await ledger.commit({
      updates: [
        chain.peek(0, {
          head_seq: 1,
          progress: progress("waiting", { schedule, wait: asleep }),
          consumed: [mail?.id ?? 0],
        }),
      ],
    });
    await retentionWith().sweep();
    expect(await remaining(...all)).toEqual(["clock", "third"]);
  });

  test("stay while another run mentions an artifact of theirs, and one that only they mention goes with them", async () => {
    const kept = await addArtifact("a", "made", "needed");
    await add("made", "completed", 40);
    await add("uses", "waiting", 40, {}, `{"file":{"$artifact":"${kept.artifact_id}"}}`);
    const gone = await addArtifact("b", "other", "not needed");
    await add("other", "completed", 40, {}, `{"file":{"$artifact":"${gone.artifact_id}"}}`);
    for (const { blob_id } of [kept, gone]) await age(blobPath(blob_id), 2);
    const done = await retentionWith().sweep();
    expect(done.runs).toMatchObject({ runs: 1, artifacts: 1, artifact_bytes: "not needed".length });
    expect(done.blobs).toEqual({ count: 1, bytes: "not needed".length });
    expect(await remaining("made", "uses", "other")).toEqual(["made", "uses"]);
    expect([await exists(blobPath(kept.blob_id)), await exists(blobPath(gone.blob_id))]).toEqual([true, false]);
  });

  test("stay while something was put into them lately, such as an attachment for the next run of a session", async () => {
    await add("session_memory_talk", "completed", 90, { session_id: "talk", workflow_id: "__session_memory__" });
    await addArtifact("a", "session_memory_talk", "for later", 1);
    await add("session_memory_over", "completed", 90, { session_id: "over", workflow_id: "__session_memory__" });
    await addArtifact("b", "session_memory_over", "long ago", 80);
    await retentionWith().sweep();
    expect(await remaining("session_memory_talk", "session_memory_over")).toEqual(["session_memory_talk"]);
  });

  test("take their workspace with them, unless another run works in it", async () => {
    const workspaces = join(dir, "workspaces");
    const names = ["1", "2", "3"].map((digit) => digit.repeat(32));
    for (const name of names) {
      await mkdir(join(workspaces, name), { recursive: true });
      await Bun.write(join(workspaces, name, "file"), "1234");
    }
    const vars = (name: string | undefined) => JSON.stringify({ workspace_root: join(workspaces, name ?? "") });
    await add("own", "completed", 40, {}, vars(names[0]));
    await add("shared", "completed", 40, {}, vars(names[1]));
    await add("live", "waiting", 40, {}, vars(names[1]));
    await mkdir(join(dir, "elsewhere"));
    await add("outside", "completed", 40, {}, JSON.stringify({ workspace_root: join(dir, "elsewhere") }));
    await age(join(workspaces, names[2] ?? ""), 1);
    const done = await retentionWith().sweep();
    expect(done.workspaces).toEqual({ count: 2, bytes: 8 });
    expect(await readdir(workspaces)).toEqual([names[1] ?? ""]);
    expect(await exists(join(dir, "elsewhere"))).toBe(true);
    expect(await remaining("own", "shared", "live", "outside")).toEqual(["shared", "live"]);
  });
});

test("ephemeral drafts go when they expire, whatever the age of runs is; others never do", async () => {
  const draft = (retention: object) => ({ lifecycle: { purpose: "draft_test", retention } as never });
  await add("expired", "completed", 1, draft({ mode: "ephemeral" }));
  await add("later", "completed", 1, draft({ mode: "ephemeral", expires_at: isoTime(start + dayMs) }));
  await add("live", "waiting", 1, draft({ mode: "ephemeral" }));
  await add("kept", "completed", 1, draft({ mode: "keep" }));
  const done = await retentionWith({ runsDays: 0 }).sweep();
  expect([done.drafts.runs, done.runs.runs]).toEqual([1, 0]);
  expect(await remaining("expired", "later", "live", "kept")).toEqual(["later", "live", "kept"]);
});

describe("states", () => {
  const addSteps = async (runId: string, days: number) => {
    const chain = new Chain(runId);
    await ledger.commit({ starts: [newRun(runId, {}, '{"n":0,"list":[]}')] });
    for (let n = 1; n <= 20; n++) {
      await ledger.commit({
        updates: [chain.next(1, { delta: `[["s",["n"],${n}],["a",["list"],"${"x".repeat(50)}"]]` })],
      });
    }
    const updated_at = ageMs(days);
    await ledger.commit({
      updates: [chain.next(0, { progress: progress("completed", { updated_at, finished_at: updated_at }) })],
    });
  };

  test("of a run that ended a while ago become its first and its last; a dry run says the same bytes", async () => {
    await addSteps("old", 8);
    await addSteps("young", 6);
    const retention = retentionWith();
    const plan = await retention.sweep({ isDryRun: true });
    expect(plan.states.runs).toBe(1);
    expect(plan.states.bytes).toBeGreaterThan(0);
    expect((await ledger.readState("old", 10))?.seq).toBe(10);
    expect((await retention.sweep()).states).toEqual(plan.states);
    expect(await ledger.readState("old", 10)).toBeNull();
    expect(JSON.parse((await ledger.readState("old"))?.snapshot ?? "")).toMatchObject({ n: 20 });
    expect((await ledger.readState("young", 10))?.seq).toBe(10);
    expect((await retention.sweep()).states.runs).toBe(0);
    nowMs += 2 * dayMs;
    expect((await retention.sweep()).states.runs).toBe(1);
  });

  test("stay with 0 days", async () => {
    await addSteps("old", 800);
    expect((await retentionWith({ statesDays: 0, runsDays: 0 }).sweep()).states.runs).toBe(0);
    expect((await ledger.readState("old", 10))?.seq).toBe(10);
  });
});

test("artifacts without a run go only when that is asked for, they are old and nobody mentions them", async () => {
  const needed = await addArtifact("1", null, "needed");
  const old = await addArtifact("2", "session-pseudo-run", "old");
  await addArtifact("3", null, "young", 1);
  await add("r", "completed", 1, {}, `{"file":"${needed.artifact_id}"}`);
  for (const text of ["needed", "old", "young"]) await age(blobPath(Bun.SHA256.hash(text, "hex")), 2);
  expect((await retentionWith().sweep()).artifacts.count).toBe(0);
  const done = await retentionWith().sweep({ policy: { artifactsDays: 30 } });
  expect(done.artifacts).toEqual({ count: 1, bytes: 3 });
  expect(await ledger.getArtifact(old.artifact_id, null)).toBeNull();
  expect((await readdir(join(dir, "artifacts", "blobs"))).length).toBe(2);
});

test("an aborted sweep stops between two pieces of work and leaves everything sound", async () => {
  for (let n = 0; n < 10; n++) await add(`r${n}`, "completed", 40);
  await retentionWith().sweep({ signal: AbortSignal.abort() });
  expect((await ledger.counts()).runs).toBe(10);
});

test("two sweeps at once are one after the other", async () => {
  await add("old", "completed", 40);
  const retention = retentionWith();
  const both = await Promise.all([retention.sweep(), retention.sweep()]);
  expect(both.map((sweep) => sweep.runs.runs)).toEqual([1, 0]);
});
