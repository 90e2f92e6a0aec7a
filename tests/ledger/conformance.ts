import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { float } from "#core/value.ts";
import type { MemoryEvent } from "#core/memory-event.ts";
import { isoTime } from "#core/time.ts";
import { rejection } from "#fixtures/rejection.ts";
import { scopedLedger } from "#ledger/scoped-ledger.ts";
import { exerciseNotes } from "./run-conformance.ts";
import { exerciseUpkeep } from "./upkeep-conformance.ts";
import type { ArtifactFilter, ArtifactOrder, ArtifactRow, Ledger, Notice } from "#ledger/ledger.ts";
import { Chain, command, epochMs, newRun, progress, tick, wait } from "./sample-runs.ts";

export interface Opened {
  ledger: Ledger;
  /** Closes and opens the same store again. */
  reopen(): Promise<Ledger>;
  close(): Promise<void>;
}

/** What every store has to do. */
export function exerciseLedger(name: string, open: () => Promise<Opened>): void {
  describe(name, () => {
    let opened: Opened;
    let ledger: Ledger;
    beforeEach(async () => {
      opened = await open();
      ledger = opened.ledger;
    });
    afterEach(() => opened.close());

    const started = async (runId: string, more: Parameters<typeof newRun>[1] = {}) => {
      await ledger.commit({ starts: [newRun(runId, more)] });
      return new Chain(runId);
    };
    const refused = (code: string, message: RegExp) =>
      expect.objectContaining({ code, message: expect.stringMatching(message) });
    const seqs = async (runId: string) =>
      (await ledger.readRecords(runId, 0, { limit: 1000 })).map((record) => record.seq);

    describe("runs", () => {
      test("a run comes back as it was started, with heads and epoch", async () => {
        const start = newRun("r1", {
          lifecycle: { purpose: "production" },
          output: { whole: float(5), part: 0.5, text: "ü" },
          limits: { tokens: 7 },
          flow_warnings: ["careful"],
        });
        await ledger.commit({ starts: [start] });
        expect(await ledger.getRun("r1")).toEqual({ ...start.run, head_seq: 0, head_hash: null, epoch: 0 });
        expect(await ledger.readInput("r1")).toBe('{"a":1}');
        expect(await ledger.getRun("nobody")).toBeNull();
        expect(await ledger.readInput("nobody")).toBeNull();
      });

      test("an update moves head, hash, epoch and progress together", async () => {
        const chain = await started("r1");
        const asks = progress("waiting", { wait: wait("user", { wait_key: "user:r1:a", choices: ["x", float(1)] }) });
        await ledger.commit({ updates: [chain.next(3, { epoch: 4, progress: asks })] });
        const run = await ledger.getRun("r1");
        expect(run).toMatchObject({ ...asks, head_seq: 3, head_hash: chain.hash, epoch: 4 });
        await ledger.commit({ updates: [chain.next(0, { epoch: 4 })] });
        expect(await ledger.getRun("r1")).toMatchObject({
          status: "running",
          head_seq: 3,
          head_hash: chain.hash,
          wait: null,
        });
      });

      test("a second run with the same id is refused", async () => {
        await started("r1");
        expect(await rejection(started("r1"))).toEqual(refused("conflict", /r1/));
        expect(await rejection(ledger.commit({ starts: [newRun("r2"), newRun("r2")] }))).toEqual(
          refused("conflict", /r2/),
        );
        await ledger.commit({});
        expect(await ledger.getRun("r2")).toBeNull();
      });

      test("a run may be started and moved on in one batch", async () => {
        await ledger.commit({ starts: [newRun("r1")], updates: [new Chain("r1").next(2)] });
        expect(await seqs("r1")).toEqual([1, 2]);
      });

      test("a commit that follows in the same turn needs no answer to the one before", async () => {
        const chain = new Chain("r1");
        const both = [
          ledger.commit({ starts: [newRun("r1")] }),
          ledger.commit({ updates: [chain.next(2)] }),
          ledger.commit({ updates: [chain.next(1)] }),
        ];
        await Promise.all(both);
        expect(await seqs("r1")).toEqual([1, 2, 3]);
      });
    });

    describe("compare and set", () => {
      test("of two updates from the same head one is written and one is refused", async () => {
        const chain = await started("r1");
        const outcomes = await Promise.allSettled([
          ledger.commit({ updates: [chain.peek(2)] }),
          ledger.commit({ updates: [chain.peek(1)] }),
        ]);
        expect(outcomes.map((outcome) => outcome.status)).toEqual(["fulfilled", "rejected"]);
        expect((outcomes[1] as PromiseRejectedResult).reason).toEqual(refused("conflict", /r1.*2.*0/));
        expect(await seqs("r1")).toEqual([1, 2]);
      });

      test("an older epoch is refused, the same and a newer one are not", async () => {
        const chain = await started("r1");
        await ledger.commit({ updates: [chain.next(1, { epoch: 3 })] });
        expect(await rejection(ledger.commit({ updates: [chain.peek(1, { epoch: 2 })] }))).toEqual(
          refused("conflict", /epoch 3/),
        );
        await ledger.commit({ updates: [chain.next(1, { epoch: 3 })] });
        await ledger.commit({ updates: [chain.next(1, { epoch: 4 })] });
        expect(await ledger.getRun("r1")).toMatchObject({ head_seq: 3, epoch: 4 });
      });

      test.each(["completed", "failed", "cancelled"] as const)("nothing moves a run that is %s", async (status) => {
        const chain = await started("r1");
        await ledger.commit({ updates: [chain.next(1, { progress: progress(status, { finished_at: tick() }) })] });
        for (const next of ["running", "waiting", "completed", "failed", "cancelled"] as const) {
          const update = chain.peek(1, { progress: progress(next) });
          expect(await rejection(ledger.commit({ updates: [update] }))).toEqual(refused("conflict", /cannot go from/));
        }
        await ledger.commit({});
        expect(await seqs("r1")).toEqual([1]);
      });

      test("records that do not follow one another are refused", async () => {
        const chain = await started("r1");
        const update = chain.peek(3);
        update.records.splice(1, 1);
        expect(await rejection(ledger.commit({ updates: [update] }))).toEqual(refused("conflict", /Record 3/));
        expect(await rejection(ledger.commit({ updates: [{ ...chain.peek(2), head_seq: 1 }] }))).toEqual(
          refused("conflict", /Record 1/),
        );
        await ledger.commit({});
        expect(await seqs("r1")).toEqual([]);
      });

      test("an update of an unknown run is not found", async () => {
        expect(await rejection(ledger.commit({ updates: [new Chain("ghost").next(1)] }))).toEqual(
          refused("not_found", /ghost/),
        );
      });
    });

    describe("all or nothing", () => {
      test("a batch with one bad part leaves no trace and does not touch its neighbours", async () => {
        const good = await started("good");
        const bad = await started("bad");
        const outcomes = await Promise.allSettled([
          ledger.commit({ updates: [good.next(1)] }),
          ledger.commit({
            starts: [newRun("never")],
            updates: [bad.peek(2), new Chain("ghost").peek(1)],
            mail: [{ run_id: "good", kind: "control", action: "pause", reason: null }],
            commands: [command("c1", "good")],
            artifacts: [artifact("a1", "bad")],
          }),
          ledger.commit({ updates: [good.next(1)] }),
        ]);
        expect(outcomes.map((outcome) => outcome.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
        expect(await ledger.getRun("never")).toBeNull();
        expect(await ledger.getRun("bad")).toMatchObject({ head_seq: 0 });
        expect(await ledger.readMail("good", 10)).toEqual([]);
        expect(await ledger.getCommand("c1")).toBeNull();
        expect(await ledger.getArtifact("a1", null)).toBeNull();
        expect(await seqs("good")).toEqual([1, 2]);
        await ledger.commit({ updates: [bad.next(1)] });
        expect(await seqs("bad")).toEqual([1]);
      });

      test("a value that the store cannot hold fails its own batch only", async () => {
        const chain = await started("r1");
        const broken = newRun("broken", { workflow_id: null as unknown as string });
        const outcomes = await Promise.allSettled([
          ledger.commit({ updates: [chain.next(1)] }),
          ledger.commit({ starts: [broken] }),
          ledger.commit({ updates: [chain.next(1)] }),
        ]);
        expect(outcomes.map((outcome) => outcome.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
        expect(await seqs("r1")).toEqual([1, 2]);
      });
    });

    describe("mail", () => {
      const mailTo = (runId: string, reason: string) => ({
        run_id: runId,
        kind: "control" as const,
        action: "pause" as const,
        reason,
      });

      test("mail lies there in commit order until an update consumes it", async () => {
        const chain = await started("r1");
        await ledger.commit({ mail: [mailTo("r1", "one")] });
        await ledger.commit({ mail: [mailTo("r1", "two"), mailTo("r1", "three")] });
        const [one, two, three] = await ledger.readMail("r1", 10);
        expect([one, two, three].map((mail) => (mail?.kind === "control" ? mail.reason : null))).toEqual([
          "one",
          "two",
          "three",
        ]);
        expect(one).toMatchObject({ ...mailTo("r1", "one") });
        expect((await ledger.readMail("r1", 1)).map((mail) => mail.id)).toEqual([one?.id ?? 0]);
        await ledger.commit({ updates: [chain.next(1, { consumed: [one?.id ?? 0, two?.id ?? 0] })] });
        expect((await ledger.readMail("r1", 10)).map((mail) => mail.id)).toEqual([three?.id ?? 0]);
      });

      test("mail is consumed exactly once, even by updates without records", async () => {
        const chain = await started("r1");
        await ledger.commit({ mail: [mailTo("r1", "one")] });
        const id = (await ledger.readMail("r1", 1))[0]?.id ?? 0;
        const outcomes = await Promise.allSettled([
          ledger.commit({ updates: [chain.peek(0, { consumed: [id] })] }),
          ledger.commit({ updates: [chain.peek(0, { consumed: [id] })] }),
        ]);
        expect(outcomes.map((outcome) => outcome.status)).toEqual(["fulfilled", "rejected"]);
      });

      test("ids of mail never come again, whatever was consumed", async () => {
        const chain = await started("r1");
        let last = 0;
        for (let round = 0; round < 3; round++) {
          await ledger.commit({ mail: [mailTo("r1", "x")] });
          const id = (await ledger.readMail("r1", 1))[0]?.id ?? 0;
          expect(id).toBeGreaterThan(last);
          last = id;
          await ledger.commit({ updates: [chain.next(0, { consumed: [id] })] });
          ledger = await opened.reopen();
        }
      });

      test("values in mail keep their floats", async () => {
        await started("r1");
        await ledger.commit({
          mail: [
            {
              run_id: "r1",
              kind: "child",
              child_run_id: "c",
              status: "completed",
              output: { x: float(2) },
              error: null,
            },
          ],
        });
        expect((await ledger.readMail("r1", 1))[0]).toMatchObject({ output: { x: float(2) } });
      });

      test("mail to an unknown run refuses the batch, mail to an ended run is dropped", async () => {
        const chain = await started("r1");
        expect(await rejection(ledger.commit({ mail: [mailTo("ghost", "x")] }))).toEqual(refused("not_found", /ghost/));
        await ledger.commit({ updates: [chain.next(1, { progress: progress("completed") })] });
        await ledger.commit({ mail: [mailTo("r1", "late")] });
        expect(await ledger.readMail("r1", 10)).toEqual([]);
        expect(await ledger.readMail("ghost", 10)).toEqual([]);
      });

      test("unread mail goes with its run, and commands in it are ignored unless they have an outcome", async () => {
        const chain = await started("r1");
        const { commands } = await ledger.commit({
          commands: [command("c1", "r1"), command("c2", "r1"), command("c3", "r1")],
        });
        const applied = { status: "applied" as const, message: "Paused" };
        const mail = await ledger.readMail("r1", 10);
        await ledger.commit({
          updates: [chain.next(1, { progress: progress("cancelled"), consumed: [mail[0]?.id ?? 0] })],
          outcomes: [0, 1].map((index) => ({ seq: commands[index]?.seq ?? 0, outcome: applied, applied_at: tick() })),
        });
        expect((await ledger.getCommand("c1"))?.outcome).toEqual(applied);
        expect((await ledger.getCommand("c2"))?.outcome).toEqual(applied);
        expect((await ledger.getCommand("c3"))?.outcome).toEqual({
          status: "ignored",
          message: "The run is already cancelled",
        });
        expect((await ledger.getCommand("c3"))?.applied_at).toBeString();
        expect(await ledger.readMail("r1", 10)).toEqual([]);
      });
    });

    describe("commands", () => {
      test("a command that was applied elsewhere keeps its outcome, reaches nobody and stays known", async () => {
        await started("r1");
        const past = { outcome: { status: "applied", message: "long ago" } as const, applied_at: tick() };
        const sent = [
          command("c1", "r1", { past }),
          command("c2", "nobody", { past }),
          command("c3", "s1", { past, type: "emit_event" }),
        ];
        const { commands } = await ledger.commit({ commands: sent });
        for (const [index, { past: _past, ...rest }] of sent.entries()) {
          const seq = commands[index]?.seq ?? 0;
          expect(await ledger.getCommand(rest.command_id)).toEqual({ ...rest, seq, ...past });
        }
        expect(await ledger.readMail("r1", 10)).toEqual([]);
        expect(await ledger.pendingEmits(10)).toEqual([]);
        const again = await ledger.commit({ commands: [command("c1", "r1")] });
        expect(again.commands).toEqual([{ command_id: "c1", seq: commands[0]?.seq ?? 0, duplicate: true }]);
      });

      test("a command becomes mail of its run with its place in the inbox", async () => {
        await started("r1");
        const sent = command("c1", "r1", { payload: { n: float(3) } });
        const { commands } = await ledger.commit({ commands: [sent] });
        const stored = { ...sent, seq: commands[0]?.seq ?? 0, applied_at: null, outcome: null };
        expect(commands).toEqual([{ command_id: "c1", seq: stored.seq, duplicate: false }]);
        expect(await ledger.getCommand("c1")).toEqual(stored);
        expect(await ledger.getCommand("c1", "ada")).toEqual(stored);
        expect(await ledger.getCommand("c1", "bob")).toBeNull();
        const [mail] = await ledger.readMail("r1", 10);
        expect(mail).toEqual({ id: mail?.id ?? 0, run_id: "r1", kind: "command", command: stored });
      });

      test("the same id of the same principal is stored once, of another principal again", async () => {
        await started("r1");
        const first = await ledger.commit({ commands: [command("c1", "r1")] });
        const again = await ledger.commit({ commands: [command("c1", "r1", { type: "cancel" })] });
        const other = await ledger.commit({ commands: [command("c1", "r1", { principal: "bob" })] });
        expect(again.commands).toEqual([{ command_id: "c1", seq: first.commands[0]?.seq ?? 0, duplicate: true }]);
        expect(other.commands[0]).toMatchObject({ duplicate: false });
        expect(await ledger.readMail("r1", 10)).toHaveLength(2);
        const twins = await ledger.commit({ commands: [command("c2", "r1"), command("c2", "r1")] });
        expect(twins.commands.map((entry) => entry.duplicate)).toEqual([false, true]);
        expect(twins.commands[0]?.seq).toBe(twins.commands[1]?.seq ?? 0);
      });

      test("a command to an unknown run is refused at once, one to an ended run is ignored", async () => {
        const chain = await started("r1");
        await ledger.commit({ updates: [chain.next(1, { progress: progress("failed") })] });
        await ledger.commit({ commands: [command("c1", "ghost"), command("c2", "r1")] });
        expect((await ledger.getCommand("c1"))?.outcome).toEqual({
          status: "refused",
          message: "Run 'ghost' not found",
        });
        expect((await ledger.getCommand("c2"))?.outcome).toEqual({
          status: "ignored",
          message: "The run is already failed",
        });
      });

      test("emit_event waits for its outcome in order, with or without a run", async () => {
        await started("r1");
        const { commands } = await ledger.commit({
          commands: [command("e1", "ghost", { type: "emit_event" }), command("e2", "r1", { type: "emit_event" })],
        });
        expect((await ledger.pendingEmits(10)).map((entry) => entry.command_id)).toEqual(["e1", "e2"]);
        expect((await ledger.pendingEmits(1)).map((entry) => entry.command_id)).toEqual(["e1"]);
        expect(await ledger.readMail("r1", 10)).toEqual([]);
        const outcome = { status: "applied" as const, message: "Delivered", result: { runs: float(1) } };
        await ledger.commit({ outcomes: [{ seq: commands[0]?.seq ?? 0, outcome, applied_at: tick() }] });
        expect((await ledger.pendingEmits(10)).map((entry) => entry.command_id)).toEqual(["e2"]);
        expect((await ledger.getCommand("e1"))?.outcome).toEqual(outcome);
      });

      test("the first outcome stays", async () => {
        await started("r1");
        const { commands } = await ledger.commit({ commands: [command("c1", "r1")] });
        const seq = commands[0]?.seq ?? 0;
        await ledger.commit({
          outcomes: [{ seq, outcome: { status: "applied", message: "first" }, applied_at: tick() }],
        });
        await ledger.commit({
          outcomes: [{ seq, outcome: { status: "refused", message: "second" }, applied_at: tick() }],
        });
        expect((await ledger.getCommand("c1"))?.outcome?.message).toBe("first");
      });
    });

    describe("start keys", () => {
      const key = (runId: string, body = "h1") => ({ key: "k", principal: "ada", body_hash: body, run_id: runId });

      test("a known key writes nothing and tells the first start", async () => {
        expect((await ledger.commit({ starts: [newRun("r1")], startKey: key("r1") })).duplicate).toBeNull();
        const again = await ledger.commit({ starts: [newRun("r2")], startKey: key("r2", "h2") });
        expect(again.duplicate).toEqual(key("r1"));
        expect(await ledger.getRun("r2")).toBeNull();
        const other = await ledger.commit({ starts: [newRun("r3")], startKey: { ...key("r3"), principal: "bob" } });
        expect(other.duplicate).toBeNull();
        expect(await ledger.getStartKey("k", "ada")).toEqual(key("r1"));
        expect(await ledger.getStartKey("k", "eve")).toBeNull();
      });

      test("of many starts with one key at once one run comes to be", async () => {
        const ids = Array.from({ length: 8 }, (_, index) => `r${index}`);
        const all = await Promise.all(ids.map((id) => ledger.commit({ starts: [newRun(id)], startKey: key(id) })));
        expect(all.filter((each) => each.duplicate === null)).toHaveLength(1);
        expect((await ledger.counts()).runs).toBe(1);
      });
    });

    describe("waiting", () => {
      const until = (ms: number) => progress("waiting", { wait: wait("until", { until: isoTime(ms) }) });
      const paused = { paused: true, pause_reason: null, paused_at: null, resumed_at: null };

      test("timers come due earliest first, and not for paused or ended runs", async () => {
        for (const [id, ms] of [
          ["r1", 300],
          ["r2", 100],
          ["r3", 200],
          ["r4", 50],
        ] as const) {
          const chain = await started(id);
          await ledger.commit({ updates: [chain.next(1, { progress: until(epochMs + ms) })] });
          if (id === "r4") {
            await ledger.commit({ updates: [chain.next(0, { progress: { ...until(epochMs + ms), pause: paused } })] });
          }
        }
        expect(await ledger.nextWake()).toBe(epochMs + 100);
        expect(await ledger.dueRuns(epochMs + 99, 10)).toEqual([]);
        expect(await ledger.dueRuns(epochMs + 200, 10)).toEqual(["r2", "r3"]);
        expect(await ledger.dueRuns(epochMs + 999, 2)).toEqual(["r2", "r3"]);
        const awake = new Chain("r2");
        awake.head = 1;
        await ledger.commit({ updates: [awake.next(0)] });
        expect(await ledger.nextWake()).toBe(epochMs + 200);
      });

      test("there is no next wake without timers", async () => {
        await started("r1");
        expect(await ledger.nextWake()).toBeNull();
      });

      test("listeners are found by wait key and by standing keys until they are paused or end", async () => {
        const one = await started("r1");
        const two = await started("r2");
        const listening = progress("waiting", { wait: wait("event", { wait_key: "evt:a" }) });
        await ledger.commit({ updates: [one.next(1, { progress: listening })] });
        await ledger.commit({ updates: [two.next(1, { listens: ["evt:a", "evt:b", "evt:b"] })] });
        const found = async (...keys: string[]) =>
          (await ledger.listeners(keys, { runtimeId: null, limit: 10 }))
            .map(({ run_id, key }) => `${run_id} ${key}`)
            .toSorted();
        expect(await found("evt:a", "evt:b")).toEqual(["r1 evt:a", "r2 evt:a", "r2 evt:b"]);
        expect(await found("evt:c")).toEqual([]);
        expect(await found()).toEqual([]);
        expect(await ledger.listeners(["evt:a", "evt:b"], { runtimeId: null, limit: 2 })).toHaveLength(2);
        await ledger.commit({ updates: [two.next(0, { progress: progress("waiting", { pause: paused }) })] });
        await ledger.commit({ updates: [one.next(0)] });
        expect(await found("evt:a", "evt:b")).toEqual([]);
        await ledger.commit({ updates: [two.next(0)] });
        expect(await found("evt:a")).toEqual(["r2 evt:a"]);
        await ledger.commit({ updates: [two.next(0, { progress: progress("completed") })] });
        expect(await found("evt:a")).toEqual([]);
      });

      test("pending runs are those that run or have mail, in pages", async () => {
        const waiting = progress("waiting", { wait: wait("user") });
        for (const id of ["r1", "r2", "r3", "r4", "r5"]) await started(id);
        await ledger.commit({ updates: ["r2", "r4"].map((id) => new Chain(id).next(1, { progress: waiting })) });
        await ledger.commit({ updates: [new Chain("r5").next(1, { progress: progress("completed") })] });
        await ledger.commit({ commands: [command("c1", "r4"), command("c2", "r1"), command("c3", "r1")] });
        const seen: string[] = [];
        let page = await ledger.pendingRuns(null, 2);
        seen.push(...page.runIds);
        while (page.next) {
          page = await ledger.pendingRuns(page.next, 2);
          seen.push(...page.runIds);
        }
        expect(seen).toEqual(["r1", "r3", "r4"]);
      });
    });

    describe("reading", () => {
      test("pages follow the cursor and end by count or by bytes, never empty before the end", async () => {
        const chain = await started("r1");
        const update = chain.next(300);
        await ledger.commit({ updates: [update] });
        const texts = update.records.map((record) => record.json);
        const all = await ledger.readRecords("r1", 0, { limit: 1000 });
        expect(all).toEqual(update.records);
        expect((await ledger.readRecords("r1", 298, { limit: 10 })).map((record) => record.seq)).toEqual([299, 300]);
        expect(await ledger.readRecords("r1", 300, { limit: 10 })).toEqual([]);
        expect((await ledger.readRecords("r1", 5, { limit: 3 })).map((record) => record.seq)).toEqual([6, 7, 8]);
        expect(await ledger.readRecords("r1", 0, { limit: 10, maxBytes: 1 })).toHaveLength(1);
        const hundred = texts.slice(0, 100).join("").length;
        expect(await ledger.readRecords("r1", 0, { limit: 1000, maxBytes: hundred })).toHaveLength(100);
        expect(await ledger.readRecords("nobody", 0, { limit: 10 })).toEqual([]);
      });

      test("the tail is the last records, oldest first", async () => {
        const chain = await started("r1");
        await started("r2");
        await ledger.commit({ updates: [chain.next(5)] });
        expect((await ledger.tailRecords("r1", 2)).map((record) => record.seq)).toEqual([4, 5]);
        expect(await ledger.tailRecords("r1", 99)).toHaveLength(5);
        expect(await ledger.tailRecords("r2", 2)).toEqual([]);
        expect(await ledger.tailRecords("nobody", 2)).toEqual([]);
      });

      test("a state is the last snapshot and the deltas since, now and at any record", async () => {
        const chain = await started("r1");
        const delta = (n: number) => JSON.stringify([["s", ["n"], n]]);
        const position = { node_id: "start", wait: null };
        await ledger.commit({ updates: [chain.next(2, { delta: delta(1) })] });
        await ledger.commit({ updates: [chain.next(2)] });
        await ledger.commit({ updates: [chain.next(2, { delta: delta(2) })] });
        await ledger.commit({ updates: [chain.next(2, { snapshot: '{"n":3}', delta: delta(3) })] });
        await ledger.commit({ updates: [chain.next(0, { delta: delta(4) })] });
        await ledger.commit({ updates: [chain.next(2)] });
        expect(await ledger.readState("r1")).toEqual({ seq: 10, snapshot: '{"n":3}', deltas: [delta(4)], position });
        expect(await ledger.readState("r1", 99)).toEqual({
          seq: 10,
          snapshot: '{"n":3}',
          deltas: [delta(4)],
          position,
        });
        expect(await ledger.readState("r1", 0)).toEqual({ seq: 0, snapshot: '{"a":1}', deltas: [], position });
        expect(await ledger.readState("r1", 1)).toEqual({ seq: 0, snapshot: '{"a":1}', deltas: [], position });
        expect(await ledger.readState("r1", 2)).toEqual({ seq: 2, snapshot: '{"a":1}', deltas: [delta(1)], position });
        expect(await ledger.readState("r1", 5)).toEqual({ seq: 4, snapshot: '{"a":1}', deltas: [delta(1)], position });
        expect(await ledger.readState("r1", 6)).toEqual({
          seq: 6,
          snapshot: '{"a":1}',
          deltas: [delta(1), delta(2)],
          position,
        });
        expect(await ledger.readState("r1", 8)).toEqual({ seq: 8, snapshot: '{"n":3}', deltas: [delta(4)], position });
        expect(await ledger.readState("nobody")).toBeNull();
      });

      test("a state says where the run stood, also for a commit that changed no var", async () => {
        const chain = await started("r1", { node_id: "first" });
        const asks = wait("user", { wait_key: "user:r1:b", prompt: "Why?" });
        const at = (nodeId: string, more = {}) => progress("running", { node_id: nodeId, ...more });
        await ledger.commit({ updates: [chain.next(2, { progress: at("a") })] });
        await ledger.commit({ updates: [chain.next(1, { progress: at("b", { status: "waiting", wait: asks }) })] });
        await ledger.commit({ updates: [chain.next(1, { progress: at("c") })] });
        const position = async (seq?: number) => (await ledger.readState("r1", seq))?.position;
        expect(await position(0)).toEqual({ node_id: "first", wait: null });
        expect(await position(1)).toEqual({ node_id: "first", wait: null });
        expect(await position(2)).toEqual({ node_id: "a", wait: null });
        expect(await position(3)).toEqual({ node_id: "b", wait: asks });
        expect(await position()).toEqual({ node_id: "c", wait: null });
      });

      test("a run keeps what it was forked from, also when that run is gone", async () => {
        await started("r1");
        const forked_from = { run_id: "r1", cursor: 4, record_hash: "ab" };
        await started("r2", { forked_from });
        await ledger.deleteRuns(["r1"]);
        expect((await ledger.getRun("r2"))?.forked_from).toEqual(forked_from);
      });

      test("the artifacts of a deleted run that was forked go to its first fork, those of others go with it", async () => {
        await started("root");
        await started("child", { parent_run_id: "root", root_run_id: "root" });
        await started("other");
        await started("fork", { forked_from: { run_id: "root", cursor: 1, record_hash: null } });
        await started("later", { forked_from: { run_id: "root", cursor: 2, record_hash: null } });
        const artifacts = ["root", "child", "other"].map((run_id) => artifact(`of-${run_id}`, run_id));
        await ledger.commit({ artifacts });
        const gone = await ledger.deleteRuns(["root", "child", "other"]);
        expect(gone.artifacts).toBe(1);
        const kept = await ledger.listArtifacts("fork", { limit: 10, offset: 0, runtimeId: null });
        expect(kept.items.map((each) => each.artifact_id).toSorted()).toEqual(["of-child", "of-root"]);
      });

      test("descendants come breadth-first and bounded", async () => {
        const child = (id: string, parent: string) => newRun(id, { parent_run_id: parent, root_run_id: "root" });
        await ledger.commit({
          starts: [
            newRun("root"),
            child("a", "root"),
            child("b", "root"),
            child("a1", "a"),
            child("a11", "a1"),
            child("b1", "b"),
          ],
        });
        expect(await ledger.children("root")).toEqual(["a", "b"]);
        expect(await ledger.children("b1")).toEqual([]);
        expect(await ledger.descendants("root", 10)).toEqual(["a", "b", "a1", "b1", "a11"]);
        expect(await ledger.descendants("root", 3)).toEqual(["a", "b", "a1"]);
        expect(await ledger.descendants("a", 10)).toEqual(["a1", "a11"]);
      });

      test("the list is newest first and every filter narrows it", async () => {
        await ledger.commit({
          starts: [
            newRun("r1"),
            newRun("r2", { session_id: "s", workflow_id: "other@1:main" }),
            newRun("r3", { session_id: "s", parent_run_id: "r2" }),
            newRun("r4", { lifecycle: { purpose: "draft_test" } }),
            newRun("r5", { workflow_id: "__memory__", status: "completed" }),
          ],
        });
        await ledger.commit({ updates: [new Chain("r1").next(1, { progress: progress("waiting") })] });
        const ids = async (query: Partial<Parameters<Ledger["listRuns"]>[0]>) =>
          (await ledger.listRuns({ runtimeId: null, limit: 50, ...query })).map((run) => run.run_id);
        expect(await ids({})).toEqual(["r1", "r3", "r2"]);
        expect(await ids({ limit: 2 })).toEqual(["r1", "r3"]);
        expect(await ids({ status: "running" })).toEqual(["r3", "r2"]);
        expect(await ids({ status: "waiting" })).toEqual(["r1"]);
        expect(await ids({ status: "completed" })).toEqual([]);
        expect(await ids({ status: "completed", includeInternal: true })).toEqual(["r5"]);
        expect(await ids({ workflowId: "__memory__" })).toEqual(["r5"]);
        expect(await ids({ workflowId: "other@1:main" })).toEqual(["r2"]);
        expect(await ids({ sessionId: "s" })).toEqual(["r3", "r2"]);
        expect(await ids({ sessionId: "r1" })).toEqual(["r1"]);
        expect(await ids({ sessionId: "r2" })).toEqual([]);
        expect(await ids({ sessionId: "s", rootOnly: true })).toEqual(["r2"]);
        expect(await ids({ parentRunId: "r2" })).toEqual(["r3"]);
        expect(await ids({ includeDrafts: true })).toEqual(["r1", "r4", "r3", "r2"]);
        expect(await ids({ status: "running", sessionId: "s", workflowId: "other@1:main" })).toEqual(["r2"]);
      });

      test("live counts are of runs that have not ended, a paused one only as paused", async () => {
        const paused = { paused: true, pause_reason: null, paused_at: tick(), resumed_at: null };
        expect(await ledger.liveCounts(null)).toEqual({ running: 0, waiting: 0, paused: 0 });
        await ledger.commit({
          starts: [
            newRun("a"),
            newRun("b"),
            newRun("c", { status: "waiting" }),
            newRun("d", { status: "waiting", pause: paused }),
            newRun("e", { status: "completed", finished_at: tick() }),
          ],
        });
        expect(await ledger.liveCounts(null)).toEqual({ running: 2, waiting: 1, paused: 1 });
      });

      test("the size on the disk grows with what is committed", async () => {
        const chain = await started("r1");
        const total = async () => {
          const { bytes, log_bytes } = await ledger.size();
          return bytes + log_bytes;
        };
        const before = await total();
        await ledger.commit({ updates: [chain.next(300)] });
        expect(await total()).toBeGreaterThan(before + 300 * 300);
      });

      test("counts follow what was committed", async () => {
        const chain = await started("r1");
        await started("r2");
        await ledger.commit({ updates: [chain.next(3, { progress: progress("completed") })] });
        const byStatus = { running: 1, waiting: 0, completed: 1, failed: 0, cancelled: 0 };
        expect(await ledger.counts()).toEqual({ runs: 2, records: 3, byStatus });
      });
    });

    describe("memory log", () => {
      const event = (subject: string): MemoryEvent => ({
        runtime_id: "default",
        at: isoTime(epochMs),
        kind: "assert",
        assertions: [
          {
            assertion_id: `id-${subject}`,
            subject,
            predicate: "schema:name",
            object: "Größe",
            scope: "session",
            owner_id: "o",
            observed_at: isoTime(epochMs),
            valid_from: null,
            valid_until: null,
            confidence: 0.5,
            provenance: { weight: float(1) },
            attributes: {},
          },
        ],
      });
      const undo: MemoryEvent = {
        runtime_id: "default",
        at: isoTime(epochMs),
        kind: "undo_run",
        run_id: "r1",
        reason: null,
        by: null,
      };

      test("entries are numbered in the order of commits and read from any of them on", async () => {
        expect(await ledger.memoryHead()).toBe(0);
        expect(await ledger.readMemory(0, 10)).toEqual([]);
        const told: boolean[] = [];
        const unsubscribe = ledger.subscribe(({ memory }) => told.push(memory));
        await ledger.commit({ memory: [event("a"), event("b")] });
        await ledger.commit({ memory: [undo] });
        unsubscribe();
        expect(told).toEqual([true, true]);
        const logged = await ledger.readMemory(0, 10);
        expect(logged.map(({ event }) => event)).toEqual([event("a"), event("b"), undo]);
        const numbers = logged.map(({ no }) => no);
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
        expect(await ledger.memoryHead()).toBe(numbers[2] as number);
        expect((await ledger.readMemory(numbers[0] as number, 1)).map(({ event }) => event)).toEqual([event("b")]);
      });

      test("an entry commits with its run's step or not at all, and outlives the run", async () => {
        const chain = await started("r1");
        const late = chain.next(1);
        await ledger.commit({ updates: [late], memory: [event("kept")] });
        expect(await rejection(ledger.commit({ updates: [late], memory: [event("lost")] }))).toEqual(
          refused("conflict", /r1/),
        );
        await ledger.commit({ updates: [chain.next(1, { progress: progress("completed") })] });
        await ledger.deleteRuns(["r1"]);
        const again = await opened.reopen();
        expect((await again.readMemory(0, 10)).map(({ event }) => event)).toEqual([event("kept")]);
      });
    });

    describe("artifacts", () => {
      test("rows are found by id and listed by run, and the same id is one row", async () => {
        await started("r1");
        const rows = ["a1", "a2", "a3"].map((id) => artifact(id, "r1"));
        await ledger.commit({ artifacts: [...rows, artifact("free", null)] });
        const changed = { ...artifact("a2", "r1"), metadata: { x: float(1) } };
        await ledger.commit({ artifacts: [changed] });
        expect(await ledger.getArtifact("a2", null)).toEqual(changed);
        expect(await ledger.getArtifact("free", null)).toMatchObject({ run_id: null });
        expect(await ledger.getArtifact("nobody", null)).toBeNull();
        const page = await ledger.listArtifacts("r1", { runtimeId: null, limit: 2, offset: 1 });
        expect([page.total, page.items.map((row) => row.artifact_id)]).toEqual([3, ["a2", "a3"]]);
      });
    });

    describe("runtimes", () => {
      const mine = { runtime_id: "default/ada" };
      const theirs = { runtime_id: "default/bob" };

      test("lists, counts and listeners hold what belongs to the runtime that is asked for", async () => {
        await ledger.commit({ starts: [newRun("a", mine), newRun("b", theirs), newRun("c")] });
        const ids = async (runtimeId: string | null) =>
          (await ledger.listRuns({ runtimeId, limit: 9 })).map((run) => run.run_id);
        expect(await ids("default/ada")).toEqual(["a"]);
        expect(await ids("default")).toEqual(["c"]);
        expect(await ids("default/eve")).toEqual([]);
        expect(await ids(null)).toEqual(["c", "b", "a"]);
        expect(await ledger.liveCounts("default/bob")).toEqual({ running: 1, waiting: 0, paused: 0 });
        const waiting = progress("waiting", { wait: wait("event", { wait_key: "k" }) });
        await ledger.commit({ updates: [new Chain("a").next(1, { progress: waiting })] });
        await ledger.commit({ updates: [new Chain("b").next(1, { listens: ["k"] })] });
        const found = (runtimeId: string | null) => ledger.listeners(["k"], { runtimeId, limit: 9 });
        expect(await found("default/ada")).toEqual([{ run_id: "a", key: "k" }]);
        expect(await found("default/bob")).toEqual([{ run_id: "b", key: "k" }]);
        expect(await found("default")).toEqual([]);
        expect(await found(null)).toHaveLength(2);
      });

      test("a command to a run of another runtime is refused like one to no run", async () => {
        await ledger.commit({ starts: [newRun("a", mine)] });
        const cancel = (id: string, runtimeId: string | null) =>
          command(id, "a", { type: "cancel", runtime_id: runtimeId });
        const commands = [cancel("c1", "default/bob"), cancel("c2", "default/ada"), cancel("c3", null)];
        await ledger.commit({ commands });
        expect((await ledger.getCommand("c1"))?.outcome).toEqual({ status: "refused", message: "Run 'a' not found" });
        expect((await ledger.getCommand("c2"))?.outcome).toBeNull();
        expect(await ledger.readMail("a", 9)).toHaveLength(2);
      });

      test("an artifact is there for its runtime only, and nobody else's upload replaces it", async () => {
        await ledger.commit({ artifacts: [{ ...artifact("x", "s"), ...mine }] });
        await ledger.commit({ artifacts: [{ ...artifact("x", "s"), ...theirs, content_type: "evil" }] });
        expect(await ledger.getArtifact("x", "default/bob")).toBeNull();
        expect(await ledger.getArtifact("x", "default/ada")).toMatchObject({ content_type: "text/plain" });
        expect((await ledger.artifactStats({ contentType: "evil" })).total).toBe(0);
        expect((await ledger.artifactStats({ runtimeId: "default/ada" })).total).toBe(1);
        const page = { limit: 9, offset: 0 };
        expect((await ledger.listArtifacts("s", { runtimeId: "default/bob", ...page })).total).toBe(0);
        expect((await ledger.listArtifacts("s", { runtimeId: "default/ada", ...page })).total).toBe(1);
      });

      test("a scoped ledger answers for foreign runs as for unknown ones, and writes nothing to them", async () => {
        await ledger.commit({ starts: [newRun("a", mine), newRun("b", theirs)] });
        await ledger.commit({ updates: [new Chain("b").next(2)], artifacts: [{ ...artifact("x", "b"), ...theirs }] });
        await ledger.commit({ commands: [command("c1", "b", { principal: "p", runtime_id: "default/bob" })] });
        const scoped = scopedLedger(ledger, { runtimeId: "default/ada" });
        expect(await scoped.getCommand("c1", "p")).toBeNull();
        expect(await scoped.getRun("a")).not.toBeNull();
        expect(await scoped.getRun("b")).toBeNull();
        expect(await scoped.listRuns({ limit: 9 })).toHaveLength(1);
        expect(await scoped.readRecords("b", 0, { limit: 9 })).toEqual([]);
        expect(await scoped.tailRecords("b", 9)).toEqual([]);
        expect(await scoped.readState("b")).toBeNull();
        expect(await scoped.readInput("b")).toBeNull();
        expect(await scoped.children("b")).toEqual([]);
        expect(await scoped.descendants("b", 9)).toEqual([]);
        expect(await scoped.getArtifact("x")).toBeNull();
        expect((await scoped.listArtifacts("b", { limit: 9, offset: 0 })).total).toBe(0);
        const found = { filter: {}, orderBy: "created_at", descending: true, limit: 9, offset: 0 } as const;
        expect((await ledger.searchArtifacts(found)).total).toBe(1);
        expect((await scoped.searchArtifacts(found)).total).toBe(0);
        expect((await scoped.artifactStats({ runtimeId: "default/bob" })).total).toBe(0);
        expect((await scoped.deleteRuns(["b"])).runs).toBe(0);
        const order = { run_id: "b", kind: "control", action: "cancel", reason: null } as const;
        expect(await rejection(scoped.commit({ mail: [order] }))).toEqual(refused("not_found", /'b' not found/));
        expect(await rejection(scoped.commit({ starts: [newRun("c", theirs)] }))).toBeInstanceOf(Error);
        expect(await ledger.getRun("c")).toBeNull();
        expect(await ledger.getRun("b")).toMatchObject({ head_seq: 2 });
      });
    });

    describe("the artifact catalogue", () => {
      const at = (minute: number) => `2026-11-23T00:0${minute}:00.000000+00:00`;
      const newest = { orderBy: "created_at", descending: true, limit: 10, offset: 0 } as const;
      const ids = async (filter: ArtifactFilter) =>
        (await ledger.searchArtifacts({ filter, ...newest })).items.map(({ row }) => row.artifact_id);
      beforeEach(async () => {
        await ledger.commit({
          starts: [
            newRun("r1", { session_id: "s1", workflow_id: "draw@1:main", runtime_id: "rt1", actor_id: "ada" }),
            newRun("r2", { session_id: "s1", parent_run_id: "r1" }),
          ],
        });
        const picture = { content_type: "image/png", tags: { kind: "Sketch", node_id: "n1", session_id: "s1" } };
        await ledger.commit({
          artifacts: [
            { ...artifact("a1", "r1"), ...picture, created_at: at(1), size_bytes: 30, runtime_id: "rt1" },
            { ...artifact("a2", "r2"), created_at: at(2), size_bytes: 10, tags: { filename: "Ärger_100%.txt" } },
            { ...artifact("a3", "session_memory_s1"), created_at: at(2), size_bytes: 20, content_type: "audio/wav" },
            {
              ...artifact("a4", null),
              created_at: at(3),
              content_type: "application/json",
              metadata: { title: "Plan", descriptor: { semantic_kind: "plan" } },
            },
          ],
        });
      });

      test.each<[string, ArtifactFilter, string[]]>([
        ["nothing", {}, ["a4", "a3", "a2", "a1"]],
        ["an id", { artifactId: "a2" }, ["a2"]],
        ["a run", { runId: "r2" }, ["a2"]],
        ["a session", { session: { sessionId: "s1", memoryRunId: "session_memory_s1" } }, ["a3", "a1"]],
        ["a runtime", { runtimeId: "rt1" }, ["a1"]],
        ["the workflow of its run", { workflowId: "draw@1:main" }, ["a1"]],
        ["a node", { nodeId: "n1" }, ["a1"]],
        ["a modality", { modality: "audio" }, ["a3"]],
        ["a semantic kind of its tags", { semanticKind: "Sketch" }, ["a1"]],
        ["a semantic kind of its descriptor", { semanticKind: "plan" }, ["a4"]],
        ["a render kind", { renderKind: "json" }, ["a4"]],
        ["any of some kinds", { kinds: ["audio", "plan"] }, ["a4", "a3"]],
        ["a type", { contentType: "image/png" }, ["a1"]],
        ["a family of types", { contentType: "audio/*" }, ["a3"]],
        ["a part of its name, whatever the case", { text: "äRGER" }, ["a2"]],
        ["characters that are patterns elsewhere", { text: "100%" }, ["a2"]],
        ["a part of its metadata", { text: "plan" }, ["a4"]],
        ["a tag", { tags: { kind: "Sketch", node_id: "n1" } }, ["a1"]],
        ["a tag of another value", { tags: { kind: "sketch" } }, []],
        ["a time", { createdAfter: at(2), createdBefore: at(2) }, ["a3", "a2"]],
        ["two things at once", { runId: "r1", modality: "audio" }, []],
      ])("is filtered by %s", async (_, filter, expected) => {
        expect(await ids(filter)).toEqual(expected);
        const { total } = await ledger.artifactStats(filter);
        expect([total, (await ledger.searchArtifacts({ filter, ...newest, limit: 1 })).total]).toEqual([
          expected.length,
          expected.length,
        ]);
      });

      test("tells the run that an artifact came from", async () => {
        const [found] = (await ledger.searchArtifacts({ filter: { artifactId: "a1" }, ...newest })).items;
        expect(found?.origin).toEqual({
          workflow_id: "draw@1:main",
          session_id: "s1",
          parent_run_id: null,
          actor_id: "ada",
        });
        expect(found?.row).toEqual((await ledger.getArtifact("a1", null)) as ArtifactRow);
        const [alone] = (await ledger.searchArtifacts({ filter: { artifactId: "a4" }, ...newest })).items;
        expect(alone?.origin).toBeNull();
      });

      test("pages follow one another without gap, by place and by cursor, in both directions", async () => {
        for (const descending of [true, false]) {
          const order = { filter: {}, orderBy: "created_at", descending, limit: 2 } as const;
          const all = descending ? ["a4", "a3", "a2", "a1"] : ["a1", "a2", "a3", "a4"];
          const first = await ledger.searchArtifacts({ ...order, offset: 0 });
          const second = await ledger.searchArtifacts({ ...order, offset: 2 });
          expect([...first.items, ...second.items].map(({ row }) => row.artifact_id)).toEqual(all);
          const last = first.items[1]?.row as ArtifactRow;
          const after = { createdAt: last.created_at, artifactId: last.artifact_id };
          const next = await ledger.searchArtifacts({ ...order, offset: 0, after });
          expect([next.items.map(({ row }) => row.artifact_id), next.total]).toEqual([all.slice(2), 4]);
        }
      });

      test("is ordered by size, kind and last access", async () => {
        await ledger.addArtifactAccess([{ ...reads("a1"), last_accessed_at: at(4) }, reads("a3")]);
        const order = async (orderBy: ArtifactOrder, descending: boolean) =>
          (await ledger.searchArtifacts({ filter: {}, orderBy, descending, limit: 10, offset: 0 })).items.map(
            ({ row }) => row.artifact_id,
          );
        expect((await order("size_bytes", true)).slice(0, 3)).toEqual(["a1", "a3", "a2"]);
        expect((await order("semantic_kind", false)).slice(0, 2)).toEqual(["a1", "a4"]);
        expect((await order("last_accessed_at", true)).slice(0, 2)).toEqual(["a1", "a3"]);
      });

      test("counts values, and follows rows that change or go with their run", async () => {
        expect(await ledger.artifactStats({ runId: "r1" })).toEqual({
          total: 1,
          total_bytes: 30,
          facets: {
            semantic_kind: { Sketch: 1 },
            render_kind: { image: 1 },
            modality: { image: 1 },
            content_type: { "image/png": 1 },
            workflow_id: { "draw@1:main": 1 },
            node_id: { n1: 1 },
            run_id: { r1: 1 },
          },
        });
        await ledger.commit({
          artifacts: [{ ...artifact("a1", "r1"), runtime_id: "rt1", content_type: "video/mp4", created_at: at(1) }],
        });
        expect((await ledger.artifactStats({})).facets.modality).toEqual({ video: 1, text: 2, audio: 1 });
        await ledger.deleteRuns(["r1"]);
        expect(await ids({})).toEqual(["a4", "a3", "a2"]);
      });

      test("of a run that is gone is that of the fork which lives on with its artifacts", async () => {
        const fork = newRun("fork", {
          workflow_id: "paint@2:main",
          forked_from: { run_id: "r1", cursor: 0, record_hash: null },
        });
        await ledger.commit({ starts: [fork] });
        await ledger.deleteRuns(["r1"]);
        expect(await ids({ runId: "fork" })).toEqual(["a1"]);
        expect(await ids({ workflowId: "paint@2:main" })).toEqual(["a1"]);
        expect((await ledger.artifactStats({ runId: "fork" })).facets.workflow_id).toEqual({ "paint@2:main": 1 });
        expect(await ids({ workflowId: "draw@1:main" })).toEqual([]);
      });

      test("what another runtime keeps under the name of a run that goes stays", async () => {
        const mine = { session_id: "s1", runtime_id: "rt1" };
        await ledger.commit({
          starts: [newRun("session_memory_s1", mine)],
          artifacts: [{ ...artifact("own", "session_memory_s1"), runtime_id: "rt1" }],
        });
        expect((await ledger.deleteRuns(["session_memory_s1"])).artifacts).toBe(1);
        expect([await ledger.getArtifact("own", null), (await ledger.getArtifact("a3", null))?.artifact_id]).toEqual([
          null,
          "a3",
        ]);
        expect(await ids({ runId: "session_memory_s1" })).toEqual(["a3"]);
      });

      test("adds up reads, keeps the last time, and knows nothing of artifacts that are not there", async () => {
        await ledger.addArtifactAccess([reads("a1"), reads("nobody")]);
        await ledger.addArtifactAccess([{ ...reads("a1"), last_accessed_at: at(0) }]);
        ledger = await opened.reopen();
        const [found] = (await ledger.searchArtifacts({ filter: { artifactId: "a1" }, ...newest })).items;
        expect(found?.access).toEqual({
          metadata_access_count: 2,
          content_access_count: 4,
          preview_count: 0,
          download_count: 2,
          last_accessed_at: at(3),
        });
        const [unread] = (await ledger.searchArtifacts({ filter: { artifactId: "a2" }, ...newest })).items;
        expect(unread?.access).toMatchObject({ content_access_count: 0, last_accessed_at: null });
      });

      const reads = (artifactId: string) => ({
        artifact_id: artifactId,
        metadata_access_count: 1,
        content_access_count: 2,
        preview_count: 0,
        download_count: 1,
        last_accessed_at: at(3),
      });
    });

    describe("leases", () => {
      test("one owner at a time, and the epoch grows with each new one", async () => {
        const first = await ledger.takeLease("runner", "one", 60_000);
        expect(first).toMatchObject({ name: "runner", owner: "one", epoch: 1 });
        expect(await ledger.takeLease("runner", "two", 60_000)).toBeNull();
        expect(await ledger.takeLease("runner", "one", 60_000)).toMatchObject({ epoch: 1 });
        expect(await ledger.takeLease("other", "two", 60_000)).toMatchObject({ epoch: 1 });
        if (!first) throw new Error("no lease");
        await ledger.releaseLease(first);
        const second = await ledger.takeLease("runner", "two", 60_000);
        expect(second).toMatchObject({ owner: "two", epoch: 2 });
        expect(await ledger.renewLease(first, 60_000)).toBeNull();
        await ledger.releaseLease(first);
        expect(await ledger.takeLease("runner", "one", 60_000)).toBeNull();
      });

      test("an expired lease goes to the next, and its old owner cannot renew it", async () => {
        const first = await ledger.takeLease("runner", "one", 0);
        const second = await ledger.takeLease("runner", "two", 60_000);
        expect(second).toMatchObject({ owner: "two", epoch: 2 });
        if (!first || !second) throw new Error("no lease");
        expect(await ledger.renewLease(first, 60_000)).toBeNull();
        const renewed = await ledger.renewLease(second, 90_000);
        expect(renewed?.untilMs).toBeGreaterThan(second.untilMs);
      });
    });

    describe("notices", () => {
      test("tell in commit order what became durable, and nothing of what was refused", async () => {
        const seen: Notice[] = [];
        const unsubscribe = ledger.subscribe((notice) => seen.push(notice));
        const chain = await started("r1");
        const timer = progress("waiting", { wait: wait("until", { until: isoTime(epochMs) }) });
        const update = chain.next(2, { progress: timer });
        await ledger.commit({
          updates: [update],
          commands: [command("c1", "r1"), command("c2", "r1", { type: "emit_event" })],
        });
        await ledger.commit({ updates: [chain.peek(1, { head_seq: 9, records: [] })] }).catch(() => undefined);
        expect(seen).toEqual([
          { started: ["r1"], updates: [], mail: [], emits: false, memory: false },
          {
            started: [],
            updates: [{ run_id: "r1", status: "waiting", records: update.records, head_seq: 2, wakeAtMs: epochMs }],
            mail: ["r1"],
            emits: true,
            memory: false,
          },
        ]);
        unsubscribe();
        await started("r2");
        expect(seen).toHaveLength(2);
      });

      test("come when the commit can be read, and before its caller goes on", async () => {
        const heads: Promise<number | undefined>[] = [];
        ledger.subscribe((notice) => {
          for (const run_id of notice.started) heads.push(ledger.getRun(run_id).then((run) => run?.head_seq));
        });
        await started("r1");
        expect(await Promise.all(heads)).toEqual([0]);
      });
    });

    describe("deleting", () => {
      test("removes everything of the named runs and nothing else", async () => {
        const gone = await started("gone");
        const kept = await started("kept");
        await ledger.commit({
          updates: [gone.next(3, { listens: ["k"], delta: "[]" }), kept.next(2, { listens: ["k"] })],
          commands: [command("c1", "gone"), command("c2", "kept")],
          artifacts: [artifact("a1", "gone"), artifact("a2", "kept")],
        });
        expect(await ledger.deleteRuns(["gone", "nobody", "gone"])).toEqual({
          runs: 1,
          ledger_records: 3,
          commands: 1,
          artifacts: 1,
        });
        expect(await ledger.getRun("gone")).toBeNull();
        expect(await seqs("gone")).toEqual([]);
        expect(await ledger.readState("gone")).toBeNull();
        expect(await ledger.getArtifact("a1", null)).toBeNull();
        expect(await ledger.listeners(["k"], { runtimeId: null, limit: 10 })).toEqual([{ run_id: "kept", key: "k" }]);
        expect(await rejection(ledger.commit({ updates: [gone.peek(1)] }))).toEqual(refused("not_found", /gone/));
        await ledger.commit({ updates: [kept.next(1)] });
        expect(await seqs("kept")).toEqual([1, 2, 3]);
        await ledger.commit({ starts: [newRun("gone")] });
        expect(await seqs("gone")).toEqual([]);
      });
    });

    exerciseUpkeep(() => ledger);
    exerciseNotes(
      () => ledger,
      async () => (ledger = await opened.reopen()),
    );

    describe("durability", () => {
      test("everything is there after the store was opened again", async () => {
        const chain = await started("r1");
        await ledger.commit({ updates: [chain.next(2, { delta: "[]" })], commands: [command("c1", "r1")] });
        const before = [
          await ledger.getRun("r1"),
          await ledger.readRecords("r1", 0, { limit: 9 }),
          await ledger.readMail("r1", 9),
        ];
        ledger = await opened.reopen();
        expect([
          await ledger.getRun("r1"),
          await ledger.readRecords("r1", 0, { limit: 9 }),
          await ledger.readMail("r1", 9),
        ]).toEqual(before);
        await ledger.commit({ updates: [chain.next(1)] });
        expect(await seqs("r1")).toEqual([1, 2, 3]);
      });

      test("a closed ledger refuses every call, and commits sent before the close are kept", async () => {
        const sent = ledger.commit({ starts: [newRun("r1")] });
        await ledger.close();
        await sent;
        expect(await rejection(ledger.getRun("r1"))).toEqual(refused("storage", /closed/));
        expect(await rejection(ledger.commit({}))).toEqual(refused("storage", /closed/));
        expect(await rejection(ledger.takeLease("a", "b", 1))).toEqual(refused("storage", /closed/));
        await ledger.close();
        ledger = await opened.reopen();
        expect(await ledger.getRun("r1")).not.toBeNull();
      });
    });

    describe("concurrency", () => {
      test("64 producers on their own runs and 4 fighting for one leave sequences without gaps", async () => {
        await started("shared");
        const fought: number[] = [];
        let sharedHead = { seq: 0, hash: null as string | null };
        const fight = async () => {
          for (let round = 0; round < 10; round++) {
            const chain = new Chain("shared");
            chain.head = sharedHead.seq;
            chain.hash = sharedHead.hash;
            const won = await ledger.commit({ updates: [chain.next(1)] }).then(
              () => true,
              () => false,
            );
            if (!won) continue;
            fought.push(chain.head);
            sharedHead = { seq: chain.head, hash: chain.hash };
          }
        };
        const produce = async (index: number) => {
          const chain = await started(`p${index}`);
          for (let round = 0; round < 10; round++) await ledger.commit({ updates: [chain.next(1 + (round % 3))] });
        };
        await Promise.all([
          ...Array.from({ length: 64 }, (_, index) => produce(index)),
          fight(),
          fight(),
          fight(),
          fight(),
        ]);
        for (let index = 0; index < 64; index++) {
          expect(await seqs(`p${index}`)).toEqual(Array.from({ length: 19 }, (_, at) => at + 1));
        }
        expect(fought).toEqual(Array.from({ length: fought.length }, (_, at) => at + 1));
        expect(fought.length).toBeGreaterThan(0);
        expect(await seqs("shared")).toEqual(fought);
        const problems = [];
        for await (const problem of ledger.verify({})) problems.push(problem);
        expect(problems).toEqual([]);
      });
    });
  });
}

export function artifact(id: string, runId: string | null): ArtifactRow {
  return {
    artifact_id: id,
    blob_id: "b".repeat(64),
    run_id: runId,
    runtime_id: "default",
    content_type: "text/plain",
    size_bytes: 5,
    created_at: tick(),
    tags: { kind: "text" },
    metadata: { name: "x" },
  };
}
