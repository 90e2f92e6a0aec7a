import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { short } from "#fixtures/sample-flows.ts";

const count = 3;

async function createSchedule(gateway: Gateway, overlap: string, startAt: string): Promise<string> {
  const times = { start_at: startAt, interval: "1s", repeat_count: count, overlap };
  const { status, body } = await gateway.post("/runs/schedule", { bundle_id: "short", flow_id: "short", ...times });
  if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return body.run_id as string;
}

/** Where the process kills itself, at the nth time of the schedule. */
const points = ["before-fire:1", "before-fire:2", "before-fire:3", "after-fire:1", "after-fire:2", "after-fire:3"];

// `before-fire`: the time came, the commit with the child run is not written. `after-fire`: it is, and nobody has heard of it.
for (const { store, overlap, at } of [
  { store: "sqlite", overlap: "buffer_all", at: points },
  { store: "sqlite", overlap: "allow_all", at: ["before-fire:2", "after-fire:2"] },
  { store: "file", overlap: "buffer_all", at: ["before-fire:1", "after-fire:2"] },
]) {
  const env = { ABSTRACTGATEWAY_STORE_BACKEND: store };
  // The file store's process always has a runner: it gets the schedule a while before its first time.
  const [prepares, startAt] = store === "file" ? [{}, "3s"] : [{ ABSTRACTGATEWAY_RUNNER: "0" }, "now"];
  for (const point of at) {
    test(`a process that dies at ${point} (${overlap}, ${store} store) starts the run of that time once: never twice, never not at all`, async () => {
      const dataDir = await mkdtemp(join(tmpdir(), "gateway-fire-"));
      const prepared = await startGateway({ dataDir, env: { ...env, ...prepares } });
      await prepared.upload("short", archive("short", [short]));
      const id = await createSchedule(prepared, overlap, startAt);
      await prepared.kill();

      const dying = await startGateway({ dataDir, env: { ...env, ABSTRACTGATEWAY_CRASH_AT: point } }).catch(() => null);
      // The first time has come already: the process may be dead before it says where it listens.
      await dying?.process.exited;
      if (dying) expect(dying.process.signalCode).toBe("SIGKILL");
      const next = await startGateway({ dataDir, env });
      await next.follow(id);
      const { body } = await next.get(`/runs/${id}`);
      expect(body).toMatchObject({ status: "completed", schedule: { executions: count, skipped: 0 } });
      const all = (await next.get("/runs?limit=500&root_only=false")).body.items as {
        parent_run_id: string;
        run_id: string;
      }[];
      const children = all.filter((run) => run.parent_run_id === id).map((run) => run.run_id);
      expect(children).toHaveLength(count);
      const rows = (await next.ledger(id)).filter((row) => row.node_id === "run_target");
      const named = rows.flatMap((row) => row.result?.sub_run_id ?? row.result?.wait?.details?.sub_run_id ?? []);
      expect([...new Set<string>(named)].toSorted()).toEqual(children.toSorted());
      for (const child of children) {
        await next.follow(child);
        expect((await next.get(`/runs/${child}`)).body.status).toBe("completed");
      }
      await next.kill();
      await rm(dataDir, { recursive: true, force: true });
    }, 60_000);
  }
}
