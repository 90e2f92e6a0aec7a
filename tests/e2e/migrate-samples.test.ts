import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Gateway, startGateway, token } from "#fixtures/gateway.ts";
import { fingerprint, program } from "#fixtures/migration.ts";

/*
 * Data folders that the Python gateway itself left, with what its API said of each run before it stopped. They lie beside the repository;
 * without them there is nothing to do here.
 */
const samples = resolve(process.env["SHARED_DIR"] ?? join(import.meta.dirname, "../../../shared"), "migration");
const isThere = existsSync(samples);

interface Expected {
  what: string;
  status: string;
  paused: boolean;
  records: number;
  workflow_id: string;
  session_id: string;
  waiting: string | null;
}

const ways = [
  ["file", "sqlite"],
  ["sqlite", "sqlite"],
  ["file", "file"],
  ["sqlite", "file"],
] as const;

describe.each(ways)("what the Python gateway's %s store left, in our %s store", (kind, to) => {
  const env = { ABSTRACTGATEWAY_STORE_BACKEND: to };
  let root: string;
  let expected: { artifact: string; runs: Record<string, Expected> };
  const source = () => join(root, "data");
  const target = () => join(root, "target");
  const runOf = (what: string) => {
    const found = Object.entries(expected.runs).find(([, run]) => run.what === what);
    if (!found) throw new Error(`the samples have no run '${what}'`);
    return found[0];
  };

  beforeAll(async () => {
    if (!isThere) return;
    root = await mkdtemp(join(tmpdir(), "gateway-migrate-"));
    Bun.spawnSync(["tar", "xzf", join(samples, `${kind}.tar.gz`), "-C", root]);
    expected = JSON.parse(await readFile(join(samples, `${kind}.expect.json`), "utf8"));
    const before = await fingerprint(root);
    const done = await program(
      ["migrate", "--to", to, "--data-dir", source(), "--target-dir", target(), "--json"],
      root,
    );
    expect(done).toMatchObject({ code: 0, errors: "" });
    expect(JSON.parse(done.output)).toMatchObject({
      contents: { runs: 15, records: 147, schedules: 2, artifacts: 11, commands: { applied: 4, waiting: 0 } },
      warnings: [],
    });
    expect(await fingerprint(root, ["target"])).toEqual(before);
  });
  afterAll(() => (root ? rm(root, { recursive: true, force: true }) : undefined));

  test.skipIf(!isThere)("answers as its own API did, and every chain is sound", async () => {
    const gateway = await startGateway({
      dataDir: target(),
      env,
      ...(to === "sqlite" ? { args: ["--no-runner"] } : {}),
    });
    try {
      for (const [runId, { what, records, waiting, ...wanted }] of Object.entries(expected.runs)) {
        // The file store has no process without a runner: its schedule fires as soon as the gateway is there.
        if (what === "schedule" && to === "file") continue;
        const { body } = await gateway.get(`/runs/${runId}`);
        expect(body, what).toMatchObject(wanted);
        expect(body.waiting?.reason ?? null, what).toBe(waiting);
        expect(await gateway.ledger(runId), what).toHaveLength(records);
      }
      const bytes = await content(gateway, "session_memory_sess-0", expected.artifact);
      const blob = (await gateway.get(`/runs/session_memory_sess-0/artifacts/${expected.artifact}`)).body.blob_id;
      expect(Bun.SHA256.hash(bytes, "hex")).toBe(blob);
      expect(bytes).toEqual(await Bun.file(join(source(), "artifacts", "blobs", `${blob}.bin`)).bytes());
      const bundles = (await gateway.get("/bundles")).body.items.map((each: any) => each.bundle_id);
      expect(bundles).toEqual(expect.arrayContaining(["bench-ask", "bench-loop", "bench-timer", "bench-wait"]));
    } finally {
      await stop(gateway);
    }
    if (to === "file") return;
    const verified = await program(["verify", "--data-dir", target()], root);
    expect(verified).toMatchObject({ code: 0, output: "15 runs, 147 records: sound.\n" });
  });

  test.skipIf(!isThere)(
    "goes on: questions are answered to the end, the hourly schedule fires, commands stay known",
    async () => {
      const gateway = await startGateway({ dataDir: target(), env });
      try {
        const schedule = (await gateway.get(`/schedules/${runOf("schedule")}`)).body;
        expect(schedule).toMatchObject({ schedule: { interval: "1h" } });
        // Its hour passed while nobody ran it: it fires now, and then at the hours of the time that it had.
        const fired = await gateway.follow(
          runOf("schedule"),
          ({ data }) => data.record?.node_id === "wait_interval" && data.record.status === "waiting",
          7,
        );
        const [first] = fired
          .map(({ data }) => data.record)
          .filter((record) => record.effect?.type === "start_subworkflow");
        expect(first).toMatchObject({ node_id: "run_target", status: "started" });
        const next = (await gateway.get(`/runs/${runOf("schedule")}`)).body.waiting.until;
        expect(Date.parse(next)).toBeGreaterThan(Date.now());
        expect(Date.parse(next)).toBeLessThan(Date.now() + 3_600_000);
        const later = (await gateway.get(`/runs/${runOf("once")}`)).body;
        expect(later.waiting).toMatchObject({ reason: "until", until: "2031-01-01T00:00:00+00:00" });

        await gateway.command(runOf("wait"), "resume", { payload: { response: "Grüße" } });
        await gateway.follow(runOf("wait"));
        expect((await gateway.get(`/runs/${runOf("wait")}`)).body).toMatchObject({ status: "completed" });

        // The loop asks three times; it stood at its second question.
        await gateway.command(runOf("ask"), "resume", { payload: { response: "zwei" } });
        const asked = await gateway.follow(runOf("ask"), ({ data }) => data.record?.status === "waiting", 5);
        expect(asked.at(-1)?.data.record.effect.payload.prompt).toBe("3.0");
        await gateway.command(runOf("ask"), "resume", { payload: { response: "drei" } });
        await gateway.follow(runOf("ask"));
        expect((await gateway.get(`/runs/${runOf("ask")}`)).body).toMatchObject({ status: "completed", error: null });

        const commands = await knownCommands();
        for (const [id, runId] of commands) {
          const again = await gateway.command(runId, "cancel", {}, id);
          expect(again.body).toMatchObject({ duplicate: true });
          expect((await gateway.get(`/commands/${id}`)).body.outcome).toMatchObject({ status: "applied" });
        }
        expect(commands).toHaveLength(4);
      } finally {
        await stop(gateway);
      }
      if (to === "sqlite") expect(await program(["verify", "--data-dir", target()], root)).toMatchObject({ code: 0 });
    },
  );

  /** Ids and runs of the commands that the source has. */
  async function knownCommands(): Promise<[string, string][]> {
    if (kind === "sqlite") {
      const db = new Database(join(source(), "gateway.sqlite3"), { readonly: true });
      const rows = db.query("SELECT command_id, run_id FROM commands ORDER BY seq").values();
      db.close();
      return rows as [string, string][];
    }
    const lines = (await readFile(join(source(), "commands.jsonl"), "utf8")).trim().split("\n");
    return lines.map((line) => JSON.parse(line)).map(({ command_id, run_id }) => [command_id, run_id]);
  }
});

async function content(gateway: Gateway, runId: string, artifactId: string): Promise<Uint8Array> {
  const response = await fetch(`${gateway.url}/api/gateway/runs/${runId}/artifacts/${artifactId}/content`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(response.status).toBe(200);
  return response.bytes();
}

/** Ends the gateway and leaves its data. */
async function stop(gateway: Gateway): Promise<void> {
  gateway.process.kill("SIGTERM");
  await gateway.process.exited;
}
