import { expect, test } from "bun:test";
import type { RunIdentity, RunProgress } from "#core/run.ts";
import type { RunMoment } from "#runner/run-watch.ts";
import { createAnnouncer, eventOf } from "#webhooks/announce.ts";
import type { Subscription } from "#webhooks/subscription.ts";

const identity: RunIdentity = {
  run_id: "r",
  workflow_id: "news@1.0.0:main",
  bundle_digest: null,
  parent_run_id: null,
  root_run_id: "r",
  session_id: "s",
  actor_id: null,
  runtime_id: "default",
  schedule_id: null,
  lifecycle: null,
  forked_from: null,
  created_at: "2026-11-24T00:00:00+00:00",
};
const progress: RunProgress = {
  status: "running",
  node_id: "n",
  wait: null,
  pause: null,
  output: { secret: "output" },
  error: null,
  limits: null,
  flow_warnings: null,
  schedule: null,
  updated_at: "",
  finished_at: null,
};
const wait = {
  reason: "user" as const,
  wait_key: "k",
  until: null,
  resume_to_node: null,
  result_key: null,
  prompt: "Name?",
  choices: null,
  allow_free_text: true,
  details: null,
};

type Changes = Partial<Omit<RunMoment, "run" | "progress">> & {
  run?: Partial<RunIdentity>;
  progress?: Partial<RunProgress>;
};

function moment(changes: Changes): RunMoment {
  return {
    kind: "changed",
    vars: {},
    beginsWait: false,
    ...changes,
    run: { ...identity, ...changes.run },
    progress: { ...progress, ...changes.progress },
  };
}

const part = { parent_run_id: "p", root_run_id: "p" };

test.each([
  ["a start", moment({ kind: "started" }), "run.started"],
  ["a step", moment({}), null],
  ["an end", moment({ progress: { status: "completed" } }), "run.completed"],
  ["a failure", moment({ progress: { status: "failed", error: "x" } }), "run.failed"],
  ["a cancel", moment({ progress: { status: "cancelled" } }), "run.cancelled"],
  ["a question", moment({ beginsWait: true, progress: { status: "waiting", wait } }), "run.waiting"],
  ["a commit while the question is still open", moment({ progress: { status: "waiting", wait } }), null],
  [
    "a wait for a time",
    moment({ beginsWait: true, progress: { status: "waiting", wait: { ...wait, reason: "until" } } }),
    null,
  ],
  ["the end of a part", moment({ run: part, progress: { status: "completed" } }), null],
  [
    "the question of a part",
    moment({ run: part, beginsWait: true, progress: { status: "waiting", wait } }),
    "run.waiting",
  ],
  [
    "a listener that waits for its event",
    moment({ run: part, beginsWait: true, progress: { status: "waiting", wait: { ...wait, reason: "event" } } }),
    null,
  ],
  [
    "the end of a run that a schedule started",
    moment({ run: part, vars: { _meta: { schedule_run_id: "p" } }, progress: { status: "completed" } }),
    "run.completed",
  ],
  ["a delivery", moment({ kind: "started", run: { workflow_id: "__webhook:wh_1" } }), null],
] as const)("%s is told as it should", (_name, given, event) => {
  expect(eventOf(given)).toBe(event);
});

const subscription: Subscription = {
  id: "wh_1",
  url: "https://example.com",
  description: "",
  events: ["run.completed"],
  bundleIds: [],
  sessionIds: [],
  enabled: true,
  sealedSecret: "",
  previous: null,
  runtimeId: "default",
  createdBy: "",
  createdAt: "",
  updatedAt: "",
  enabledAt: "",
};

function announced(changes: Partial<Subscription> & { isActive?: boolean }, given: RunMoment): unknown[] {
  const { isActive = true, ...own } = changes;
  const watch = createAnnouncer({
    subscriptions: () => [{ ...subscription, ...own }],
    isActive: () => isActive,
    now: () => 0,
    newId: () => "00000000-0000-4000-8000-000000000000",
  });
  return watch.attach?.(given) ?? [];
}

test("only who wants to know is told: by event, bundle, session, runtime and switch", () => {
  const ended = moment({ progress: { status: "completed" } });
  expect(announced({}, ended).length).toBe(1);
  expect(announced({ bundleIds: ["news"], sessionIds: ["s"] }, ended).length).toBe(1);
  expect(announced({ events: ["run.failed"] }, ended)).toEqual([]);
  expect(announced({ bundleIds: ["other"] }, ended)).toEqual([]);
  expect(announced({ sessionIds: ["other"] }, ended)).toEqual([]);
  expect(announced({ runtimeId: "other" }, ended)).toEqual([]);
  expect(announced({ isActive: false }, ended)).toEqual([]);
});

test("a message holds no output", () => {
  const [start] = announced({}, moment({ progress: { status: "completed" } }));
  expect(JSON.stringify(start)).not.toContain("secret");
});
