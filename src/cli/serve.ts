import { existsSync } from "node:fs";
import type { CommandDef } from "citty";
import { serveBridges } from "#app/bridges.ts";
import { ledgerPath } from "#config/ledger-path.ts";
import type { Settings } from "#config/settings.ts";
import { AppError } from "#core/errors.ts";
import { readAddress, removeAddress, writeAddress } from "#cli/address-file.ts";
import { localUrl } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { stopSignal, untilStopped } from "#cli/drain.ts";
import { settingsArgs, serverSettingsFor } from "#cli/settings.ts";
import { createLog } from "#cli/log.ts";
import { print } from "#cli/terminal.ts";

export function serveCommand(context: CliContext): CommandDef {
  const args = {
    host: { type: "string", valueHint: "address", description: "Address to listen on" },
    port: { type: "string", valueHint: "number", description: "Port to listen on; 0 takes a free one" },
    runner: {
      type: "boolean",
      default: true,
      description: "Run workflows in this process",
      negativeDescription: "Serve the API only; `abstractgateway runner` does the work",
    },
    ...settingsArgs,
  } as const;
  return define({
    meta: { name: "serve", description: "Serve the HTTP API and run workflows" },
    args,
    run: async ({ args: given, rawArgs }) => {
      // `runner` is always set by its default, and a default must not win over the configuration.
      const runner = rawArgs.includes("--no-runner") ? false : rawArgs.includes("--runner") ? true : undefined;
      const settings = serverSettingsFor(context, given, { host: given.host, port: given.port, runner });
      checkTokens(settings);
      await serve(context, settings);
    },
  });
}

async function serve(context: CliContext, settings: Settings): Promise<void> {
  const isFirstStart = !existsSync(ledgerPath(settings));
  const signal = stopSignal(context);
  const log = createLog(context, settings);
  try {
    const sharesPort = await mayShare(settings);
    const app = await context.createApp(settings, { log });
    const url = await listening(app.listen({ sharesPort }), app);
    try {
      await writeAddress(settings.dataDir, url);
      print(context, greeting(settings, url, isFirstStart));
      const bridges = await serveBridges(settings, { url, log });
      try {
        await untilStopped(context, { signal, settings });
      } finally {
        await bridges.stop();
      }
    } finally {
      await app.stop();
      await removeAddress(settings.dataDir, url);
    }
  } finally {
    signal.release();
  }
}

/**
 * Processes that only serve the API of one data folder share a port, so that a new one replaces an old one without a refused connection.
 * The system would let any program of this user share it: who listens there must be the one that this data folder knows.
 */
async function mayShare(settings: Settings): Promise<boolean> {
  const { runner, host, port, dataDir } = settings;
  if (runner) return false;
  const url = localUrl(host, port);
  if (port === 0 || (await readAddress(dataDir)) === url || !(await answers(url))) return true;
  throw new AppError(
    "unavailable",
    `Cannot listen on ${host}:${port}: something that is no gateway of ${dataDir} listens there`,
  );
}

async function answers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  try {
    const socket = await Bun.connect({
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port: Number(port),
      socket: { data: () => undefined },
    });
    socket.end();
    return true;
  } catch {
    return false;
  }
}

async function listening(listen: Promise<{ url: string | null }>, app: { stop(): Promise<void> }): Promise<string> {
  try {
    const { url } = await listen;
    if (url === null) throw new AppError("internal", "The gateway has no address.");
    const { hostname, port } = new URL(url);
    return localUrl(hostname.replace(/^\[|\]$/g, ""), Number(port || 80));
  } catch (error) {
    await app.stop();
    throw error;
  }
}

/** A gateway without a token would be open to every program and web page on this machine. */
export function checkTokens(settings: Settings): void {
  const { enabled, tokens, users } = settings.auth;
  if (!enabled) return;
  if (tokens.length === 0 && !users.enabled) {
    throw new AppError(
      "unauthorized",
      "The gateway does not start without a token: `abstractgateway config init` writes one to .env, or set ABSTRACTGATEWAY_AUTH_TOKEN.",
    );
  }
  if (isLoopback(settings.host)) return;
  const weak = tokens.find((token) => token.length < 15);
  if (weak !== undefined) {
    throw new AppError(
      "unauthorized",
      `A token of ${weak.length} characters is too weak for ${settings.host}, which other machines reach: use 15 or more, \`abstractgateway config init\` writes one.`,
    );
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

function greeting(settings: Settings, url: string, isFirstStart: boolean): string {
  const lines = [
    `Listening on ${url}`,
    `  console  ${url}/console`,
    `  data     ${settings.dataDir}`,
    `  bundles  ${settings.flowsDir}`,
  ];
  if (!isLoopback(settings.host)) lines.push(`  network  other machines reach it: it listens on ${settings.host}`);
  if (!settings.auth.enabled) lines.push("  security is off: whoever reaches this address may do everything");
  if (!settings.runner) lines.push("  no runner here: start `abstractgateway runner` on the same data folder");
  if (isFirstStart) lines.push("", "What next, in another terminal:", ...nextSteps(settings, url));
  return lines.join("\n");
}

function nextSteps(settings: Settings, url: string): string[] {
  const data = `--data-dir ${settings.dataDir}`;
  return [
    `  abstractgateway run hello ${data}      run the sample workflow`,
    `  abstractgateway bundle install my.flow ${data}      add your own`,
    `  ${url}/docs      the API in the browser`,
  ];
}
