import { AppError } from "#core/errors.ts";
import type { Bundle } from "#core/bundle.ts";
import { compile } from "#engine/compile.ts";
import { agentLoopPlan, agentLoopPrefix } from "#engine/react/plan.ts";
import type { Plan } from "#engine/plan.ts";
import { isScheduleWorkflow } from "#core/schedule.ts";
import { isMediaWorkflow } from "#core/media.ts";
import { mediaPlan } from "#engine/media/plan.ts";
import { isWebhookWorkflow } from "#core/webhook.ts";
import { schedulePlan } from "#engine/schedule/plan.ts";
import { webhookPlan } from "#engine/webhook/plan.ts";

/** Compiled flows, by bundle digest and workflow id. */
export interface Programs {
  /** AppError `gone` when the bundle is nowhere, `not_found` when it has no such flow, `unprocessable` when the flow cannot run. */
  load(digest: string, workflowId: string): Promise<Plan>;
}

/** A bundle's plans are small and shared by all its runs; this many bundles stay compiled. */
const maxBundles = 128;

export function createPrograms(open: (digest: string) => Promise<Bundle>): Programs {
  const bundles = new Map<string, Promise<Program>>();
  return {
    async load(digest, workflowId) {
      // These belong to no bundle.
      if (isWebhookWorkflow(workflowId)) return webhookPlan(workflowId);
      if (digest === "" && isMediaWorkflow(workflowId)) return mediaPlan(workflowId);
      let program = bundles.get(digest);
      if (!program) {
        program = open(digest).then((bundle) => new Program(bundle));
        bundles.set(digest, program);
        program.catch(() => bundles.delete(digest));
        const oldest = bundles.keys().next().value;
        if (bundles.size > maxBundles && oldest !== undefined) bundles.delete(oldest);
      }
      return (await program).plan(workflowId);
    },
  };
}

/** One bundle; its flows are compiled when first asked for, so that a bad one does not disable the others. */
class Program {
  #bundle: Bundle;
  #plans = new Map<string, Plan>();
  #listeners: Map<string, Plan> | null = null;

  constructor(bundle: Bundle) {
    this.#bundle = bundle;
  }

  plan(workflowId: string): Plan {
    if (workflowId.startsWith(agentLoopPrefix)) return agentLoopPlan(workflowId);
    if (isScheduleWorkflow(workflowId)) return schedulePlan(workflowId);
    const known = this.#plans.get(workflowId) ?? this.#listenerPlan(workflowId);
    if (known) return known;
    const flow = Object.values(this.#bundle.flows).find((each) => each.id === workflowId);
    if (!flow) {
      const { bundle_id, bundle_version } = this.#bundle.manifest;
      throw new AppError("not_found", `Bundle '${bundle_id}@${bundle_version}' has no flow '${workflowId}'`);
    }
    const plan = compile(flow, { workflowId });
    this.#plans.set(workflowId, plan);
    return plan;
  }

  #listenerPlan(workflowId: string): Plan | undefined {
    if (!workflowId.startsWith("visual_event_listener_")) return undefined;
    this.#listeners ??= this.#compileListeners();
    return this.#listeners.get(workflowId);
  }

  #compileListeners(): Map<string, Plan> {
    const plans = new Map<string, Plan>();
    for (const flow of Object.values(this.#bundle.flows)) {
      for (const listener of this.plan(flow.id).listeners) {
        plans.set(listener.workflow_id, compile(flow, { entry: listener.node_id, workflowId: listener.workflow_id }));
      }
    }
    return plans;
  }
}
