import { isoTime } from "#core/time.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import { type WebhookEvent, isWebhookWorkflow } from "#core/webhook.ts";
import type { RunMoment, RunWatch } from "#runner/run-watch.ts";
import { type DeliveryOptions, deliveryRun } from "#webhooks/delivery-run.ts";
import type { Subscription } from "#webhooks/subscription.ts";

export interface AnnounceOptions extends DeliveryOptions {
  subscriptions: () => readonly Subscription[];
  isActive: (subscription: Subscription) => boolean;
}

/** Adds a delivery for each webhook that wants to know to the very commit that it tells of. Without webhooks it looks at nothing. */
export function createAnnouncer({ subscriptions, isActive, now, newId }: AnnounceOptions): RunWatch {
  return {
    attach(moment) {
      const all = subscriptions();
      if (all.length === 0) return [];
      const event = eventOf(moment);
      if (event === null) return [];
      const wanted = all.filter((each) => wants(each, event, moment) && isActive(each));
      if (wanted.length === 0) return [];
      const message = { type: event, timestamp: isoTime(now()), data: dataOf(moment) };
      return wanted.map((each) => deliveryRun(each, message, { now, newId }));
    },
  };
}

/**
 * What webhooks are told of a moment, or null. Parts of a run are not told of, but when one of them asks something: the answer is
 * given to that part. Runs of a schedule are runs of their own.
 */
export function eventOf({ kind, run, progress, vars, beginsWait }: RunMoment): WebhookEvent | null {
  if (isWebhookWorkflow(run.workflow_id)) return null;
  const meta = vars["_meta"];
  const isWhole = run.parent_run_id === null || (isObject(meta) && typeof meta["schedule_run_id"] === "string");
  if (kind === "started") return isWhole ? "run.started" : null;
  if (progress.status === "waiting") {
    const reason = progress.wait?.reason;
    const isAsked = reason === "user" || reason === "job" || (reason === "event" && isWhole);
    return beginsWait && isAsked && progress.pause?.paused !== true ? "run.waiting" : null;
  }
  if (progress.status === "running" || !isWhole) return null;
  return `run.${progress.status}`;
}

function wants(subscription: Subscription, event: WebhookEvent, { run }: RunMoment): boolean {
  const { events, bundleIds, sessionIds, runtimeId } = subscription;
  return (
    runtimeId === run.runtime_id &&
    events.includes(event) &&
    (sessionIds.length === 0 || sessionIds.includes(run.session_id ?? "")) &&
    (bundleIds.length === 0 || bundleIds.includes(bundleIdOf(run.workflow_id) ?? ""))
  );
}

/** `bundle` of `bundle[@version]:flow`. */
function bundleIdOf(workflowId: string): string | null {
  return /^([A-Za-z0-9_-]+)(?:@[A-Za-z0-9_.-]+)?:/.exec(workflowId)?.[1] ?? null;
}

/** Never the output: it can be large, and whoever may read it asks the gateway. */
function dataOf({ run, progress }: RunMoment): JsonObject {
  const { status, error, wait } = progress;
  return {
    run_id: run.run_id,
    root_run_id: run.root_run_id,
    parent_run_id: run.parent_run_id,
    workflow_id: run.workflow_id,
    bundle_id: bundleIdOf(run.workflow_id),
    session_id: run.session_id,
    status,
    created_at: run.created_at,
    finished_at: progress.finished_at,
    error: error?.slice(0, maxErrorChars) ?? null,
    wait:
      status === "waiting" && wait
        ? {
            reason: wait.reason,
            wait_key: wait.wait_key,
            prompt: wait.prompt?.slice(0, maxErrorChars) ?? null,
            choices: wait.choices,
            allow_free_text: wait.allow_free_text,
          }
        : null,
  };
}

const maxErrorChars = 4000;
