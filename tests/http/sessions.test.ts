import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Harness, createHarness } from "./harness.ts";

const api = "/api/gateway";
let gateway: Harness;
const get = (path: string) => gateway.request("GET", api + path);

beforeAll(async () => {
  gateway = await createHarness();
  const at = (n: number) => `2026-11-23T00:00:0${n}.000000+00:00`;
  for (const [n, session] of [
    [1, "blue"],
    [2, "red"],
    [3, "blue"],
  ] as const) {
    const more = { session_id: session, created_at: at(n), updated_at: at(n) };
    const writer = await gateway.addRun(`run-${n}`, 0, more, JSON.stringify({ prompt: `question ${n}` }));
    if (n === 1) await writer.write(1, { status: "completed", output: { response: "one" }, updated_at: at(n) });
  }
  await gateway.addRun("alone", 0, { session_id: "alone", created_at: at(4), updated_at: at(4) });
  await gateway.addRun("draft", 0, { session_id: "drafts", lifecycle: { purpose: "draft_test" } });
  await gateway.addRun("child", 0, { session_id: "other", parent_run_id: "run-1", root_run_id: "run-1" });
});
afterAll(() => gateway.close());

describe("sessions", () => {
  test("are listed by their last change, without drafts, child runs and runs that are their own", async () => {
    const { body } = await get("/sessions");
    expect(body.items.map(({ session_id, runs, live }: any) => [session_id, runs, live])).toEqual([
      ["blue", 2, 1],
      ["red", 1, 1],
    ]);
    expect(body.items[0]).toMatchObject({
      created_at: "2026-11-23T00:00:01.000000+00:00",
      updated_at: "2026-11-23T00:00:03.000000+00:00",
    });
    expect(body.next_before).toBeNull();
    const all = await get("/sessions?include_unnamed=true");
    expect(all.body.items.map(({ session_id }: any) => session_id)).toEqual(["alone", "blue", "red"]);
  });

  test("are listed page by page", async () => {
    const first = (await get("/sessions?limit=1")).body;
    expect(first.items.map(({ session_id }: any) => session_id)).toEqual(["blue"]);
    const second = (await get(`/sessions?limit=1&before=${encodeURIComponent(first.next_before)}`)).body;
    expect(second.items.map(({ session_id }: any) => session_id)).toEqual(["red"]);
  });

  test("tell their runs and turns", async () => {
    const { body } = await get("/sessions/blue");
    expect(body).toMatchObject({ session_id: "blue", runs: 2, live: 1, has_memory: false });
    expect(body.items.map(({ run_id }: any) => run_id)).toEqual(["run-3", "run-1"]);
    expect(body.turns.map(({ prompt, answer }: any) => [prompt, answer])).toEqual([
      ["question 1", "one"],
      ["question 3", null],
    ]);
    expect((await get("/sessions/blue?turn_limit=1")).body.turns).toHaveLength(1);
    expect((await get("/sessions/blue?turn_limit=0")).body.turns).toEqual([]);
  });

  const refused: [path: string, status: number][] = [
    ["/sessions/none", 404],
    ["/sessions/a%00b", 422],
    [`/sessions/${"x".repeat(513)}`, 422],
    ["/sessions?limit=0", 422],
    ["/sessions?limit=many", 422],
    ["/sessions?include_unnamed=maybe", 422],
    ["/sessions/blue?turn_limit=501", 422],
  ];
  test.each(refused)("%s is refused with %i", async (path, status) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(answer.body.detail).toBeTruthy();
  });
});

describe("reports of users", () => {
  const report = (kind: string, body: object) => gateway.request("POST", `${api}/${kind}/report`, { body });

  test.each(["bugs", "features"])("of %s become files of the operator", async (kind) => {
    const description = "It hangs.\n# Not a heading of ours";
    const context = { note: "```\n# nor this" };
    const { status, body } = await report(kind, { session_id: "s1", description, client: "a\n- user: root", context });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual([
      "ok",
      "filename",
      "path",
      "template_path",
      "created_at",
      "session_id",
      "session_memory_run_id",
      "active_run_id",
      "proposed_backlog_relpath",
      "proposed_backlog_item_id",
    ]);
    const text = await readFile(join(gateway.dataDir, body.path), "utf8");
    expect(text).toStartWith(kind === "bugs" ? "# Bug report: It hangs." : "# Feature request: It hangs.");
    expect(text).toContain("- user: local-admin\n- session_id: s1\n- client: a - user: root\n");
    expect(text).toContain(description);
    expect(text.match(/```/g)).toHaveLength(2);
  });

  test("are listed for administrators, newest first, and read by their names", async () => {
    await report("bugs", { session_id: "s9", description: "The second one", active_run_id: "run-1" });
    const { items } = (await get("/reports/bugs")).body;
    expect(items[0]).toMatchObject({
      report_type: "bug",
      title: "Bug report: The second one",
      session_id: "s9",
      active_run_id: "run-1",
      workflow_id: "",
    });
    expect(items.length).toBe(2);
    const { body } = await get(`/reports/bugs/${items[0].filename}/content`);
    expect(body).toMatchObject({ filename: items[0].filename, relpath: `bug_reports/${items[0].filename}` });
    expect(body.content).toContain("The second one");
    expect((await get("/reports/features")).body.items).toHaveLength(1);
    expect((await get("/reports/bugs/none.md/content")).status).toBe(404);
    for (const name of ["..%2fgateway.sqlite3", "%2e%2e%2fx.md", "x.txt", ".md"]) {
      expect([name, (await get(`/reports/bugs/${name}/content`)).status]).toEqual([name, 400]);
    }
  });

  const refused: [body: object, status: number, detail: unknown][] = [
    [{ description: "x" }, 422, [expect.objectContaining({ loc: ["body", "session_id"] })]],
    [{ session_id: "s" }, 422, [expect.objectContaining({ loc: ["body", "description"] })]],
    [{ session_id: " ", description: "x" }, 400, "session_id is required"],
    [{ session_id: "s", description: " " }, 400, "description is required"],
    [{ session_id: "s", description: "x".repeat(20_001) }, 413, expect.stringMatching(/^Description too large/)],
    [{ session_id: "s", description: "x", context: [] }, 422, [expect.objectContaining({ type: "dict_type" })]],
    [{ session_id: "s\u0000", description: "x" }, 422, [expect.objectContaining({ type: "string_unicode" })]],
  ];
  test.each(refused)("such as %j are refused with the reason", async (body, status, detail) => {
    const answer = await report("bugs", body);
    expect([answer.status, answer.body.detail]).toEqual([status, detail]);
  });
});
