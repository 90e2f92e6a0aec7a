import { describe, expect, test } from "bun:test";
import { restoreVars } from "#core/delta.ts";
import { rejection } from "#fixtures/rejection.ts";
import type { ArtifactRow, Ledger } from "#ledger/ledger.ts";
import { Chain, command, newRun, progress, tick } from "./sample-runs.ts";

const hex = (digit: string, length = 32) => digit.repeat(length);

const artifact = (id: string, runId: string | null, more: Partial<ArtifactRow> = {}): ArtifactRow => ({
  artifact_id: id,
  blob_id: hex("b", 64),
  run_id: runId,
  runtime_id: "default",
  content_type: "text/plain",
  size_bytes: 7,
  created_at: tick(),
  tags: {},
  metadata: {},
  ...more,
});

/** The part of a store that keeps it from growing (`ledger/upkeep.ts`). */
export function exerciseUpkeep(current: () => Ledger): void {
  const ended = async (runId: string, more: Parameters<typeof newRun>[1] = {}, vars?: string) => {
    const ledger = current();
    await ledger.commit({ starts: [newRun(runId, more, vars)] });
    const chain = new Chain(runId);
    await ledger.commit({ updates: [chain.next(1, { progress: progress("completed") })] });
    return chain;
  };

  describe("ended runs", () => {
    test("come oldest first and in pages, live ones and younger ones do not", async () => {
      const ledger = current();
      await ledger.commit({ starts: [newRun("live")] });
      for (const runId of ["e1", "e2", "e3"]) await ended(runId);
      const before = tick();
      await ended("young");
      const first = await ledger.endedRuns({ before, after: null, limit: 2 });
      expect(first.items.map((run) => run.run_id)).toEqual(["e1", "e2"]);
      const second = await ledger.endedRuns({ before, after: first.next, limit: 2 });
      expect(second.items.map((run) => run.run_id)).toEqual(["e3"]);
      expect(second.next).toBeNull();
    });

    test("tell where they belong, and how many states they have", async () => {
      const ledger = current();
      const lifecycle = { purpose: "draft_test" };
      await ledger.commit({ starts: [newRun("top", { lifecycle })] });
      await ledger.commit({ starts: [newRun("below", { parent_run_id: "top", root_run_id: "top", session_id: "s" })] });
      const chain = new Chain("below");
      await ledger.commit({ updates: [chain.next(1, { delta: '[["s",["a"],2]]' })] });
      const last = { progress: progress("failed"), delta: '[["s",["a"],3]]' };
      await ledger.commit({
        updates: [chain.next(1, last), new Chain("top").next(0, { progress: progress("failed") })],
      });
      const { items } = await ledger.endedRuns({ before: tick(), after: null, limit: 9 });
      expect(items).toContainEqual(
        expect.objectContaining({ run_id: "top", parent_run_id: null, is_draft: true, states: 0 }),
      );
      const below = { run_id: "below", parent_run_id: "top", root_run_id: "top", session_id: "s", is_draft: false };
      expect(items).toContainEqual(expect.objectContaining({ ...below, states: 2 }));
    });

    test("are measured with everything that hangs on them", async () => {
      const ledger = current();
      await ended("m");
      await ledger.commit({ artifacts: [artifact(hex("1"), "m")], commands: [command("c", "m")] });
      const one = await ledger.measureRuns(["m", "m", "nobody"]);
      expect(one).toMatchObject({ runs: 1, ledger_records: 1, commands: 1, artifacts: 1, artifact_bytes: 7 });
      expect(one.bytes).toBeGreaterThan(one.state_bytes);
      expect(one.state_bytes).toBeGreaterThanOrEqual('{"a":1}'.length);
      expect(await ledger.measureRuns([])).toMatchObject({ runs: 0, bytes: 0 });
    });
  });

  describe("compacted states", () => {
    const run = async () => {
      const ledger = current();
      await ledger.commit({ starts: [newRun("r", {}, '{"a":0,"text":"ü"}')] });
      const chain = new Chain("r");
      for (const value of [1, 2, 3]) {
        await ledger.commit({ updates: [chain.next(2, { delta: `[["s",["a"],${value}]]` })] });
      }
      return { ledger, chain };
    };
    const end = (chain: Chain) => chain.next(1, { progress: progress("completed"), delta: '[["s",["a"],4]]' });

    test("leave what a run was started with and what it ended with, and nothing wrong in between", async () => {
      const { ledger, chain } = await run();
      await ledger.commit({ updates: [end(chain)] });
      const before = await ledger.readState("r");
      if (!before) throw new Error("no state");
      const vars = restoreVars(before.snapshot, before.deltas);
      const freed = await ledger.compactStates("r", { headSeq: before.seq, snapshot: JSON.stringify(vars) });
      expect(freed).toBeGreaterThan(0);
      const after = await ledger.readState("r");
      expect(after).toMatchObject({ seq: 7, snapshot: '{"a":4,"text":"ü"}', deltas: [] });
      expect(await ledger.readState("r", 7)).toMatchObject({ seq: 7, snapshot: '{"a":4,"text":"ü"}' });
      expect(await ledger.readInput("r")).toBe('{"a":0,"text":"ü"}');
      expect(await ledger.readState("r", 0)).toMatchObject({ seq: 0, snapshot: '{"a":0,"text":"ü"}', deltas: [] });
      for (const seq of [1, 3, 6]) expect(await ledger.readState("r", seq)).toBeNull();
      expect((await ledger.readRecords("r", 0, { limit: 99 })).length).toBe(7);
      const problems = [];
      for await (const problem of ledger.verify({})) problems.push(problem);
      expect(problems).toEqual([]);
      const { items } = await ledger.endedRuns({ before: tick(), after: null, limit: 9 });
      expect(items[0]?.states).toBe(1);
    });

    test("are refused for a live run, another head, a second time and an unknown run", async () => {
      const { ledger, chain } = await run();
      expect(await ledger.compactStates("r", { headSeq: 6, snapshot: "{}" })).toBeNull();
      await ledger.commit({ updates: [end(chain)] });
      expect(await ledger.compactStates("r", { headSeq: 6, snapshot: "{}" })).toBeNull();
      expect(await ledger.compactStates("nobody", { headSeq: 0, snapshot: "{}" })).toBeNull();
      expect((await ledger.readState("r", 3))?.seq).toBe(2);
      expect(await ledger.compactStates("r", { headSeq: 7, snapshot: '{"a":4}' })).not.toBeNull();
      expect(await ledger.compactStates("r", { headSeq: 7, snapshot: "{}" })).toBeNull();
      expect((await ledger.readState("r"))?.snapshot).toBe('{"a":4}');
    });
  });

  describe("mentions", () => {
    test("are found in records, states, waits, mail, waiting commands and artifacts of other runs", async () => {
      const ledger = current();
      const ids = ["1", "2", "3", "4", "5", "6", "7"].map((digit) => hex(digit));
      const [inInput, inDelta, inOutput, inMail, inEmit, inMetadata, nowhere] = ids as [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
      ];
      await ledger.commit({ starts: [newRun("r", {}, `{"file":{"$artifact":"${inInput}"}}`), newRun("target")] });
      const chain = new Chain("r");
      await ledger.commit({ updates: [chain.next(1, { delta: `[["s",["a"],"x ${inDelta}"]]` })] });
      await ledger.commit({
        updates: [chain.next(0, { progress: progress("running", { output: { file: inOutput } }) })],
      });
      await ledger.commit({
        commands: [
          command("c1", "target", { payload: { file: inMail } }),
          command("c2", "", { type: "emit_event", payload: { payload: { file: inEmit } } }),
        ],
        artifacts: [artifact(hex("f"), "r", { metadata: { preview: inMetadata } })],
      });
      const found = await ledger.mentioned(new Set(ids));
      expect([...found].sort()).toEqual([inInput, inDelta, inOutput, inMail, inEmit, inMetadata]);
      expect(found.has(nowhere)).toBe(false);
      const others = await ledger.mentioned(new Set(ids), { except: new Set(["r"]) });
      expect([...others].sort()).toEqual([inMail, inEmit]);
    });

    test("are found in the memory log, whoever wrote it", async () => {
      const ledger = current();
      const id = hex("9");
      const fact = { subject: "a", predicate: "p", object: "o", owner_id: "r", observed_at: tick(), attributes: {} };
      const open = { valid_from: null, valid_until: null, confidence: null, scope: "run" as const };
      const assertion = { assertion_id: "f", ...fact, ...open, provenance: { span_id: id } };
      await ledger.commit({
        starts: [newRun("r")],
        memory: [{ runtime_id: "default", at: tick(), kind: "assert", assertions: [assertion] }],
      });
      expect([...(await ledger.mentioned(new Set([id]), { except: new Set(["r"]) }))]).toEqual([id]);
    });

    test("are whole ids: a part of a longer one is none", async () => {
      const ledger = current();
      await ledger.commit({ starts: [newRun("r", {}, `{"sha256":"${hex("a", 64)}"}`)] });
      expect([...(await ledger.mentioned(new Set([hex("a")])))]).toEqual([]);
      expect([...(await ledger.mentioned(new Set([hex("a", 64)])))]).toEqual([hex("a", 64)]);
    });

    test("are not looked for any more when the signal aborts", async () => {
      await ended("r");
      const signal = AbortSignal.abort(new Error("enough"));
      expect(await rejection(current().mentioned(new Set([hex("a")]), { signal }))).toMatchObject({
        message: "enough",
      });
    });
  });

  describe("artifacts without a run", () => {
    test("are found by age, in pages, and go by id", async () => {
      const ledger = current();
      await ended("r");
      const rows = [artifact(hex("1"), null), artifact(hex("2"), "nobody"), artifact(hex("3"), "r")];
      await ledger.commit({ artifacts: rows });
      const before = tick();
      await ledger.commit({ artifacts: [artifact(hex("4"), null)] });
      const ids = async (after: string | null, limit = 9) =>
        (await ledger.looseArtifacts({ before, after, limit })).map((row) => row.artifact_id);
      expect(await ids(null)).toEqual([hex("1"), hex("2")]);
      expect(await ids(null, 1)).toEqual([hex("1")]);
      expect(await ids(hex("1"))).toEqual([hex("2")]);
      expect(await ledger.deleteArtifacts([hex("1"), hex("9")])).toBe(1);
      expect(await ids(null)).toEqual([hex("2")]);
      expect(await ledger.getArtifact(hex("3"), null)).not.toBeNull();
    });

    test("leave their blob named as long as one row is there", async () => {
      const ledger = current();
      const shared = { blob_id: hex("c", 64) };
      await ledger.commit({ artifacts: [artifact(hex("1"), null, shared), artifact(hex("2"), "x", shared)] });
      const wanted = [hex("c", 64), hex("d", 64)];
      expect(await ledger.unnamedBlobs(wanted)).toEqual([hex("d", 64)]);
      await ledger.deleteArtifacts([hex("1")]);
      expect(await ledger.unnamedBlobs(wanted)).toEqual([hex("d", 64)]);
      await ledger.deleteArtifacts([hex("2")]);
      expect(await ledger.unnamedBlobs(wanted)).toEqual(wanted);
    });
  });

  test("a start key goes with its run, so that the key does not answer a run that is gone", async () => {
    const ledger = current();
    const startKey = { key: "k", principal: "ada", body_hash: "h", run_id: "first" };
    await ledger.commit({ starts: [newRun("first")], startKey });
    await ledger.deleteRuns(["first"]);
    const again = await ledger.commit({ starts: [newRun("second")], startKey: { ...startKey, run_id: "second" } });
    expect(again.duplicate).toBeNull();
  });
}
