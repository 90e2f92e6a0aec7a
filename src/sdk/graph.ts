import type { KgNeighborsReply, KgNeighborsRequest, KgQueryReply, KgQueryRequest } from "#http/schemas/graph.ts";
import { base } from "#sdk/paths.ts";
import { type Send, readPlainJson } from "#sdk/transport.ts";

export type Neighbors = (typeof KgNeighborsReply)["static"];
export type Assertion = Neighbors["edges"][number];

/** What is known across runs. */
export interface GraphCalls {
  query(body: Partial<(typeof KgQueryRequest)["static"]>): Promise<(typeof KgQueryReply)["static"]>;
  neighbors(body: Partial<(typeof KgNeighborsRequest)["static"]> & { id: string }): Promise<Neighbors>;
}

export function graphCalls(send: Send): GraphCalls {
  return {
    query: async (json) => readPlainJson(await send(`${base}/kg/query`, { method: "POST", json })),
    neighbors: async (json) => readPlainJson(await send(`${base}/kg/neighbors`, { method: "POST", json })),
  };
}
