import { readFileSync } from "node:fs";
import type { ArgsDef } from "citty";
import type { Settings } from "#config/settings.ts";
import { client as variables } from "#config/variables/client.ts";
import { AppError } from "#core/errors.ts";
import { newHexId } from "#core/ids.ts";
import { type GatewayClient, createClient } from "#sdk/client.ts";
import { readAddress } from "#cli/address-file.ts";
import type { CliContext } from "#cli/context.ts";
import { type SettingsArgs, settingsArgs, settingsFor } from "#cli/settings.ts";
import { createLog } from "#cli/log.ts";
import { clientVariables, readProfile } from "#cli/profile-file.ts";

/** Options of every command that talks to a gateway. */
export const connectArgs = {
  url: {
    type: "string",
    valueHint: "address",
    description: "Gateway to talk to (default: the one of the data folder)",
  },
  profile: { type: "string", valueHint: "name", description: "Saved gateway to talk to, see `profiles`" },
  token: { type: "string", description: "Token for that gateway (default: the configured one)" },
  ...settingsArgs,
} as const satisfies ArgsDef;

export type ConnectArgs = SettingsArgs & {
  url?: string | undefined;
  profile?: string | undefined;
  token?: string | undefined;
};

export interface Connection {
  client: GatewayClient;
  /** The gateway lives inside this process and ends with the command. */
  isOwn: boolean;
}

export interface ConnectOptions {
  /** A gateway inside this process advances runs; without, it only answers. */
  runner: boolean;
}

/**
 * Hands a command the gateway to talk to: the named one, else the one that serves the data folder, else one that is started inside this
 * process for as long as the command needs it.
 */
export async function withGateway(
  context: CliContext,
  args: ConnectArgs,
  options: ConnectOptions,
  use: (connection: Connection) => Promise<void>,
): Promise<void> {
  const client = await reachedGateway(context, args);
  if (client) return use({ client, isOwn: false });
  return inOwnGateway(context, { ...settingsFor(context, args), runner: options.runner }, use);
}

/** The gateway that the arguments name, whether it answers or not, else the one that serves the data folder; null when none does. */
export async function reachedGateway(context: CliContext, args: ConnectArgs): Promise<GatewayClient | null> {
  return (await namedGateway(context, args)) ?? runningClient(settingsFor(context, args), args.token);
}

async function namedGateway(context: CliContext, args: ConnectArgs): Promise<GatewayClient | null> {
  if (args.url !== undefined && args.profile !== undefined) {
    throw new AppError("invalid_request", "--url and --profile both name a gateway: give one of them.");
  }
  if (args.profile !== undefined) {
    const { url, token } = await readProfile(context, args.profile);
    return clientFor(checkedUrl(url), args.token ?? token ?? undefined);
  }
  const url = args.url ?? clientVariables(context).get(variables.url);
  if (url === null) return null;
  const settings = settingsFor(context, args);
  // The administrator's own token is for this machine; what somebody configured is for whatever gateway they name.
  const configured = isThisMachine(checkedUrl(url)) ? ownToken(settings) : settings.auth.tokens[0];
  return clientFor(url, args.token ?? configured);
}

/** AppError `invalid_request` when the text is no address of a gateway. */
export function checkedUrl(url: string): string {
  if (URL.canParse(url) && /^https?:/.test(url)) return url;
  throw new AppError("invalid_request", `'${url}' is not an address such as http://127.0.0.1:8080.`);
}

function isThisMachine(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** The configured token; among several users the first administrator's, for whoever may read its file. */
function ownToken({ auth: { tokens, users } }: Settings): string | undefined {
  if (tokens.length > 0 || !users.enabled) return tokens[0];
  try {
    return readFileSync(users.bootstrap.tokenFile, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

function clientFor(baseUrl: string, token: string | undefined): GatewayClient {
  return createClient({ baseUrl, token: token ?? null, clientId: "cli" });
}

/** The gateway that left its address in the data folder, or the one at the configured address when it knows our token. */
async function runningClient(settings: Settings, given: string | undefined): Promise<GatewayClient | null> {
  const token = given ?? ownToken(settings);
  const left = await readAddress(settings.dataDir);
  if (left !== null) {
    const client = clientFor(left, token);
    if (await client.isHealthy()) return client;
  }
  if (token === undefined || settings.port === 0) return null;
  const client = clientFor(localUrl(settings.host, settings.port), token);
  if (!(await client.isHealthy(500))) return null;
  return client.ping().then(
    () => client,
    () => null,
  );
}

/** Where this machine reaches a server that listens on `host`. */
export function localUrl(host: string, port: number): string {
  const reachable = { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}

async function inOwnGateway(
  context: CliContext,
  settings: Settings,
  use: (connection: Connection) => Promise<void>,
): Promise<void> {
  const token = newHexId();
  const own: Settings = { ...settings, host: "127.0.0.1", port: 0, auth: { ...settings.auth, tokens: [token] } };
  // Where a store serves one process, its lock says whether there is another.
  const alone = own.storeBackend === "file" ? { isShared: false } : {};
  const app = await context.createApp(own, { log: createLog(context, settings), ...alone });
  try {
    const { url } = await app.listen();
    if (url === null) throw new AppError("internal", "The gateway inside this process has no address.");
    await use({ client: clientFor(url, token), isOwn: true });
  } finally {
    await app.stop();
  }
}
