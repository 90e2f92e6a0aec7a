import { describe, expect, test } from "bun:test";
import { rejection } from "#fixtures/rejection.ts";
import type { Ledger, Notice, SessionQuery } from "#ledger/ledger.ts";
import { Chain, newRun, progress } from "./sample-runs.ts";

/** Records about runs that have ended: the chain goes on, everything else stays. */
export function exerciseNotes(current: () => Ledger, reopen: () => Promise<Ledger>): void {
  const problemsOf = async (ledger: Ledger) => {
    const problems = [];
    for await (const problem of ledger.verify({})) problems.push(problem);
    return problems;
  };
  const ended = async (status: "completed" | "failed" | "cancelled" = "completed") => {
    const ledger = current();
    await ledger.commit({ starts: [newRun("r")] });
    const chain = new Chain("r");
    const delta = '[["s",["a"],2]]';
    await ledger.commit({ updates: [chain.next(2, { delta })] });
    const end = progress(status, { output: { response: "yes" } });
    await ledger.commit({ updates: [chain.next(1, { progress: end, delta, epoch: 3 })] });
    return { ledger, chain };
  };

  describe("notes", () => {
    test.each(["completed", "failed", "cancelled"] as const)(
      "follow the last record of a run that is %s",
      async (status) => {
        const { ledger, chain } = await ended(status);
        const before = await ledger.getRun("r");
        const state = await ledger.readState("r");
        const notices: Notice[] = [];
        ledger.subscribe((notice) => notices.push(notice));
        // Whatever the other fields say: nothing else of the run changes, and no runner's epoch stands in the way.
        const note = chain.next(2, { isNote: true, progress: progress("running", { output: "no" }), epoch: 0 });
        await ledger.commit({ updates: [note] });
        const after = { ...before, head_seq: 5, head_hash: chain.hash };
        expect(await ledger.getRun("r")).toEqual(after as NonNullable<typeof before>);
        expect(notices[0]?.updates).toMatchObject([{ run_id: "r", head_seq: 5, records: note.records }]);
        expect(await ledger.readState("r")).toEqual({ ...state, seq: 5 } as NonNullable<typeof state>);
        expect(await ledger.readState("r", 3)).toEqual(state);
        const again = await reopen();
        expect(await again.getRun("r")).toEqual(after as NonNullable<typeof before>);
        expect((await again.readRecords("r", 3, { limit: 9 })).map(({ json }) => json)).toEqual(
          note.records.map(({ json }) => json),
        );
        expect(await problemsOf(again)).toEqual([]);
        await again.commit({ updates: [chain.next(1, { isNote: true })] });
        expect(await again.getRun("r")).toMatchObject({ status, head_seq: 6 });
      },
    );

    test("are refused for a live run, at another head, and for a run that is not there", async () => {
      const ledger = current();
      await ledger.commit({ starts: [newRun("live")] });
      const live = ledger.commit({ updates: [new Chain("live").peek(1, { isNote: true })] });
      expect(await rejection(live)).toMatchObject({
        code: "conflict",
        message: expect.stringContaining("still running"),
      });
      const { chain } = await ended();
      const late = chain.peek(1, { isNote: true });
      await ledger.commit({ updates: [chain.next(1, { isNote: true })] });
      expect(await rejection(ledger.commit({ updates: [late] }))).toMatchObject({ code: "conflict" });
      const nobody = ledger.commit({ updates: [new Chain("nobody").peek(1, { isNote: true })] });
      expect(await rejection(nobody)).toMatchObject({ code: "not_found" });
      expect(await ledger.getRun("r")).toMatchObject({ head_seq: 4 });
    });

    test("open no way for other changes of a run that has ended", async () => {
      const { ledger, chain } = await ended();
      await ledger.commit({ updates: [chain.next(1, { isNote: true })] });
      const more = ledger.commit({ updates: [chain.peek(1, { progress: progress("completed"), epoch: 9 })] });
      expect(await rejection(more)).toMatchObject({ code: "conflict" });
    });

    test("leave compaction as it is, before and after", async () => {
      const { ledger, chain } = await ended();
      await ledger.commit({ updates: [chain.next(1, { isNote: true })] });
      const head = (await ledger.readState("r"))?.seq ?? 0;
      expect(await ledger.compactStates("r", { headSeq: head, snapshot: '{"a":2}' })).not.toBeNull();
      await ledger.commit({ updates: [chain.next(1, { isNote: true })] });
      const again = await reopen();
      expect(await again.readState("r")).toMatchObject({ seq: 5, snapshot: '{"a":2}', deltas: [] });
      expect(await problemsOf(again)).toEqual([]);
    });
  });

  describe("sessions", () => {
    test("are counted by their root runs, the last changed first, and page by page", async () => {
      const ledger = current();
      const start = (runId: string, more: Parameters<typeof newRun>[1]) => newRun(runId, more);
      await ledger.commit({
        starts: [
          start("a1", { session_id: "a", created_at: "2026-01-01", updated_at: "2026-01-02" }),
          start("a2", { session_id: "a", updated_at: "2026-01-05", status: "completed" }),
          start("a3", { session_id: "a", updated_at: "2026-01-09", parent_run_id: "a1", root_run_id: "a1" }),
          start("b1", { session_id: "b", created_at: "2026-01-03", updated_at: "2026-01-03" }),
          start("c1", { session_id: "c", updated_at: "2026-01-04", runtime_id: "team/bob" }),
          start("own", { updated_at: "2026-01-07" }),
          start("none", { session_id: null }),
          start("draft", { session_id: "d", lifecycle: { purpose: "draft_test" } }),
          start("memory", { session_id: "e", workflow_id: "__session_memory__" }),
        ],
      });
      const query: SessionQuery = { runtimeId: null, limit: 9, before: null, includeUnnamed: false };
      const a = { session_id: "a", runs: 2, live: 1, created_at: "2026-01-01", updated_at: "2026-01-05" };
      const b = { session_id: "b", runs: 1, live: 1, created_at: "2026-01-03", updated_at: "2026-01-03" };
      const names = async (more: Partial<SessionQuery>) =>
        (await ledger.listSessions({ ...query, ...more })).map(({ session_id }) => session_id);
      expect((await ledger.listSessions({ ...query, runtimeId: "default" })).map((each) => ({ ...each }))).toEqual([
        a,
        b,
      ]);
      expect(await names({})).toEqual(["a", "c", "b"]);
      expect(await names({ limit: 1 })).toEqual(["a"]);
      expect(await names({ before: "2026-01-04" })).toEqual(["b"]);
      expect(await names({ runtimeId: "team/bob" })).toEqual(["c"]);
      expect(await names({ includeUnnamed: true })).toEqual(["own", "a", "c", "b"]);
      const again = await reopen();
      expect(await again.listSessions({ ...query, limit: 1 })).toEqual([a]);
    });
  });
}
