import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, executable, startGateway, token } from "#fixtures/gateway.ts";
import { short } from "#fixtures/sample-flows.ts";

let gateway: Gateway;
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "schedules-cli-"));
  gateway = await startGateway();
  await gateway.upload("short", archive("short", [short]));
});
afterAll(async () => {
  await gateway?.close();
  await rm(root, { recursive: true, force: true });
});

async function schedules(...args: string[]) {
  const child = Bun.spawn([...executable, "schedules", ...args, "--data-dir", gateway.dataDir], {
    cwd: root,
    env: { PATH: process.env["PATH"] ?? "", HOME: root, ABSTRACTGATEWAY_AUTH_TOKEN: token, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out, errors };
}

const created = async (...args: string[]) => JSON.parse((await schedules("create", "short", ...args, "--json")).out);
const shown = async (id: string) => JSON.parse((await schedules("show", id, "--json")).out);

test("a schedule is created with everything that it can have, and shown with its next ten times", async () => {
  const when = [
    "--cron",
    "0 9 * * 1-5",
    "--cron",
    "0 12 * * 6",
    "--timezone",
    "Europe/Berlin",
    "--overlap",
    "buffer_one",
  ];
  const more = ["--catchup-window", "1h", "--jitter", "10s", "--pause-on-failure", "yes", "--note", "reports"];
  const { code, out } = await schedules("create", "short", ...when, ...more, "--input", "name=Ada", "--own-sessions");
  expect(code).toBe(0);
  expect(out).toContain("every        0 9 * * 1-5; 0 12 * * 6 (Europe/Berlin)");
  expect(out.match(/^ {2}\d{4}-\d\d-\d\dT\d\d:00:00$/gm)).toHaveLength(10);
  const id = /^schedule +(\S+)$/m.exec(out)?.[1] ?? "";
  expect(await shown(id)).toMatchObject({
    schedule: {
      cron: ["0 9 * * 1-5", "0 12 * * 6"],
      timezone: "Europe/Berlin",
      overlap: "buffer_one",
      catchup_window: "1h",
      jitter: "10s",
      pause_on_failure: true,
      note: "reports",
      share_context: false,
      target_flow_id: "short",
    },
    runs_left: null,
  });
  expect((await gateway.get(`/runs/${id}/input_data`)).body.input_data).toEqual({ name: "Ada" });
  expect((await schedules()).out).toContain(id);
});

test("it is paused with a note, goes on, runs at once, is changed, makes up for the past and ends", async () => {
  const { schedule_id: id } = await created("--interval", "1h", "--start-at", "1h", "--repeat-count", "5");
  expect(await shown(id)).toMatchObject({ runs_left: 5, paused: false });

  expect((await schedules("pause", id, "--note", "holidays")).out).toContain("Paused");
  const paused = (await schedules("show", id)).out;
  expect(paused).toMatch(/^status +waiting \(paused\)$/m);
  expect(paused).toMatch(/^why +holidays$/m);
  expect(paused).toContain("No further times.");
  const refused = await schedules("run-now", id);
  expect([refused.code, refused.errors]).toEqual([75, expect.stringContaining("Run is paused")]);
  expect((await schedules("resume", id)).code).toBe(0);

  const until = Date.now() + 10_000;
  while ((await shown(id)).schedule.executions < 1 && Date.now() < until) await Bun.sleep(50);
  expect(await shown(id)).toMatchObject({ runs_left: 4, schedule: { executions: 1 } });
  expect((await schedules("run-now", id)).out).toContain("Answered");
  while ((await shown(id)).schedule.executions < 2 && Date.now() < until) await Bun.sleep(50);
  expect((await shown(id)).runs_left).toBe(3);

  const changed = await schedules("update", id, "--interval", "2h", "--repeat-count", "20", "--note", "now every two");
  expect(changed.errors).toContain("Changed the schedule");
  expect(changed.out).toMatch(/^every +2h$/m);
  expect(changed.out).toMatch(/^left +18$/m);

  const past = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
  expect((await schedules("backfill", id, "--from", past(7), "--to", past(0))).code).toBe(0);
  while ((await shown(id)).schedule.executions < 5 && Date.now() < until) await Bun.sleep(50);
  expect((await shown(id)).schedule.executions).toBeGreaterThanOrEqual(5);

  expect((await schedules("delete", id)).out).toContain("Cancelled");
  expect(await shown(id)).toMatchObject({ status: "cancelled", runs_left: 0, next_fire_times: [] });
}, 60_000);

test("what cannot be done is one clear sentence", async () => {
  const { schedule_id: id } = await created("--interval", "1h", "--start-at", "1h");
  const run = await gateway.start("short");
  for (const [args, code, text] of [
    [["create", "nobody"], 66, "Bundle 'nobody' is not installed"],
    [["create", "short", "--cron", "often"], 2, "cron pattern 'often' cannot be read"],
    [["create", "short", "--interval", "1h", "--timezone", "Mars/Olympus"], 2, "time zone 'Mars/Olympus' is not known"],
    [["create", "short", "--repeat-count", "many"], 2, "--repeat-count"],
    [["create", "short", "--pause-on-failure", "maybe"], 2, "--pause-on-failure' must be yes or no"],
    [["show", "nobody"], 66, "Schedule 'nobody' not found"],
    [["pause", run], 66, `Schedule '${run}' not found`],
    [["update", id], 2, "Nothing to change"],
    [["update", id, "--overlap", "never"], 2, "overlap must be one of"],
    [["backfill", id, "--from", "2026-01-02", "--to", "2026-01-01"], 2, "the earlier one first"],
    [["frobnicate"], 2, "expected one of create, show, pause"],
  ] as const) {
    const done = await schedules(...args);
    expect([done.code, done.errors], args.join(" ")).toEqual([code, expect.stringContaining(text)]);
    expect(done.errors.trim().split("\n")).toHaveLength(1);
  }
}, 60_000);
