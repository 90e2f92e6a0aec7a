import type {
  CapabilityDefaultsReply,
  ConnectionList,
  ConnectionReply,
  CreateConnection,
  DiscoverModels,
  DiscoveredModels,
  SandboxReply,
  SandboxRequest,
  SetCapabilityDefault,
  UpdateConnection,
} from "#http/schemas/config.ts";
import { base } from "#sdk/paths.ts";
import { type Send, readPlainJson } from "#sdk/transport.ts";

export type CapabilityRoute = (typeof CapabilityDefaultsReply)["static"]["routes"][number];
export type Connection = (typeof ConnectionList)["static"]["profiles"][number] & {
  /** Not entered by anybody: from the environment, or found. */
  synthetic?: boolean;
};

/** Which models are used where nobody names one, and servers that somebody entered. */
export interface ConfigCalls {
  defaults(): Promise<(typeof CapabilityDefaultsReply)["static"]>;
  setDefault(route: DefaultRoute, body: Partial<(typeof SetCapabilityDefault)["static"]>): Promise<void>;
  clearDefault(route: DefaultRoute): Promise<void>;
  connections(): Promise<(typeof ConnectionList)["static"] & { profiles: Connection[] }>;
  createConnection(
    body: Partial<(typeof CreateConnection)["static"]> & { id: string; display_name: string },
  ): Promise<(typeof ConnectionReply)["static"]>;
  updateConnection(id: string, body: Partial<(typeof UpdateConnection)["static"]>): Promise<void>;
  removeConnection(id: string): Promise<void>;
  /** Which models are behind a connection. */
  discoverModels(body: Partial<(typeof DiscoverModels)["static"]>): Promise<(typeof DiscoveredModels)["static"]>;
  /** One question to a model, without a run. */
  generate(
    body: Partial<(typeof SandboxRequest)["static"]> & { provider: string; model: string; prompt: string },
  ): Promise<(typeof SandboxReply)["static"]>;
}

export type DefaultRoute = Pick<CapabilityRoute, "kind" | "modality" | "task">;

export function configCalls(send: Send): ConfigCalls {
  const connections = `${base}/config/provider-endpoint-profiles`;
  const routePath = ({ kind, modality, task }: DefaultRoute) =>
    [`${base}/config/capability-defaults`, kind, modality, ...(task ? [task] : [])].join("/");
  const change = async <T>(path: string, method: "POST" | "PUT" | "DELETE", json?: unknown): Promise<T> =>
    readPlainJson(await send(path, { method, ...(json === undefined ? {} : { json }) }));
  return {
    defaults: async () => readPlainJson(await send(`${base}/config/capability-defaults`)),
    setDefault: (route, body) => change(routePath(route), "PUT", body),
    clearDefault: (route) => change(routePath(route), "DELETE"),
    connections: async () => readPlainJson(await send(connections)),
    createConnection: (body) => change(connections, "POST", body),
    updateConnection: (id, body) => change(`${connections}/${encodeURIComponent(id)}`, "PUT", body),
    removeConnection: (id) => change(`${connections}/${encodeURIComponent(id)}`, "DELETE"),
    discoverModels: (body) => change(`${connections}/discover-models`, "POST", body),
    generate: async (json) =>
      readPlainJson(await send(`${base}/sandbox/generate`, { method: "POST", json, stream: true })),
  };
}
