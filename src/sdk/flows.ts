import type {
  CreateVisualFlowRequest,
  PublishVisualFlowRequest,
  PublishedVisualFlow,
  SimulateCodeRequest,
  SimulatedCode,
  UpdateVisualFlowRequest,
  VisualFlow,
} from "#http/schemas/visualflows.ts";
import { base } from "#sdk/paths.ts";
import { type Send, readPlainJson } from "#sdk/transport.ts";

export type EditorFlow = (typeof VisualFlow)["static"];

/** Flows that an editor works on. */
export interface FlowCalls {
  list(): Promise<EditorFlow[]>;
  get(flowId: string): Promise<EditorFlow>;
  create(body: Partial<CreateVisualFlowRequest> & { name: string }): Promise<EditorFlow>;
  /** With `ifUpdatedAt`, SdkError 409 when somebody else has saved since. */
  update(flowId: string, body: UpdateVisualFlowRequest, options?: { ifUpdatedAt?: string }): Promise<EditorFlow>;
  remove(flowId: string): Promise<void>;
  publish(flowId: string, body?: Partial<PublishVisualFlowRequest>): Promise<(typeof PublishedVisualFlow)["static"]>;
  simulate(body: Partial<SimulateCodeRequest>): Promise<(typeof SimulatedCode)["static"]>;
}

export function flowCalls(send: Send): FlowCalls {
  const all = `${base}/visualflows`;
  const path = (flowId: string) => `${all}/${encodeURIComponent(flowId)}`;
  return {
    list: async () => readPlainJson(await send(all)),
    get: async (flowId) => readPlainJson(await send(path(flowId))),
    create: async (json) => readPlainJson(await send(all, { method: "POST", json })),
    update: async (flowId, json, { ifUpdatedAt } = {}) => {
      const headers: Record<string, string> = ifUpdatedAt === undefined ? {} : { "if-match": `"${ifUpdatedAt}"` };
      return readPlainJson(await send(path(flowId), { method: "PUT", json, headers }));
    },
    remove: async (flowId) => {
      await readPlainJson(await send(path(flowId), { method: "DELETE" }));
    },
    publish: async (flowId, json = {}) =>
      readPlainJson(await send(`${path(flowId)}/publish`, { method: "POST", json })),
    simulate: async (json) => readPlainJson(await send(`${all}/code/simulate`, { method: "POST", json })),
  };
}
