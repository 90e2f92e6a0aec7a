import type { BundleFlow, FlowInputSchema, WorkflowFlow } from "#http/schemas/bundles.ts";
import type { RunState } from "#http/schemas/forks.ts";
import type { HistoryBundle } from "#http/schemas/history.ts";
import type { RunSummaryText } from "#http/schemas/run-talk.ts";
import type { InputData } from "#http/schemas/runs.ts";
import { base, bundlePath, runPath } from "#sdk/paths.ts";
import { type Send, readPlainJson } from "#sdk/transport.ts";

export type RunStateAt = (typeof RunState)["static"];
export type RunInput = (typeof InputData)["static"];
export type FlowInputs = (typeof FlowInputSchema)["static"];
export type FlowInput = FlowInputs["inputs"][number];
export type History = (typeof HistoryBundle)["static"];
export type SessionTurn = NonNullable<History["session"]>["turns"][number];

/** What a run was and is, beside its ledger; and the flows that runs are made of. */
export interface HistoryCalls {
  input(runId: string): Promise<RunInput>;
  /** The vars as of a cursor; the head when absent. */
  stateAt(runId: string, at?: number): Promise<RunStateAt>;
  /** With the turns of the run's session. */
  bundle(runId: string, query?: { include_session?: boolean; ledger_max_items?: number }): Promise<History>;
  /** What a model says happened. */
  summary(runId: string): Promise<string>;
  /** An address that answers one wait from any browser, without sign-in. */
  answerLink(runId: string, waitKey: string): Promise<string>;
  /** The flow behind a run's workflow id. */
  flowOf(workflowId: string): Promise<(typeof WorkflowFlow)["static"]>;
  flow(bundleRef: string, flowId: string): Promise<(typeof BundleFlow)["static"]>;
  inputsOf(bundleRef: string, flowId: string): Promise<FlowInputs>;
}

export function historyCalls(send: Send): HistoryCalls {
  const flowPath = (ref: string, flowId: string) => `${bundlePath(ref)}/flows/${encodeURIComponent(flowId)}`;
  return {
    input: async (runId) => readPlainJson(await send(`${runPath(runId)}/input_data`)),
    stateAt: async (runId, at) => readPlainJson(await send(`${runPath(runId)}/state`, { query: { at } })),
    bundle: async (runId, query = {}) => readPlainJson(await send(`${runPath(runId)}/history_bundle`, { query })),
    summary: async (runId) => {
      const answer = await send(`${runPath(runId)}/summary`, { method: "POST", json: {}, stream: true });
      return (await readPlainJson<(typeof RunSummaryText)["static"]>(answer)).summary;
    },
    answerLink: async (runId, waitKey) => {
      const path = `${runPath(runId)}/waits/${encodeURIComponent(waitKey)}/link`;
      return (await readPlainJson<{ url: string }>(await send(path, { method: "POST", json: {} }))).url;
    },
    flowOf: async (workflowId) => readPlainJson(await send(`${base}/workflows/${encodeURIComponent(workflowId)}/flow`)),
    flow: async (ref, flowId) => readPlainJson(await send(flowPath(ref, flowId))),
    inputsOf: async (ref, flowId) => readPlainJson(await send(`${flowPath(ref, flowId)}/input_schema`)),
  };
}
