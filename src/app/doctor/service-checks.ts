import { createServer } from "node:net";
import { readFile } from "node:fs/promises";
import { inferenceCommand } from "#app/own-command.ts";
import { type Check, type Finding, fail, ok, warn } from "#app/doctor/finding.ts";
import { version } from "#app/version.ts";
import { messageOf } from "#core/errors.ts";
import { sqliteVersion } from "#ledger/sqlite/database.ts";
import type { Provider } from "#models/provider.ts";
import { createProviderRegistry } from "#models/registry.ts";

/** A provider that has not answered by then is slow enough to be told. */
const providerMs = 10_000;
/** 2,000 streams, the database, artifacts. */
const wantedFiles = 4096;
const weakToken = 15;

export const checkVersions: Check = async () => {
  const platform = `${process.platform} ${process.arch}`;
  return [ok("version", `abstractgateway ${version}, Bun ${Bun.version}, SQLite ${sqliteVersion()}, ${platform}`)];
};

export const checkConfiguration: Check = async ({ warnings }) => {
  if (warnings.length === 0) return [ok("configuration", "Every variable means something")];
  return warnings.map((text) => warn("configuration", text, "Correct or remove the variable"));
};

export const checkAccess: Check = async ({ settings: { auth, host } }) => {
  const name = "access";
  const isPublic = host !== "localhost" && !host.startsWith("127.") && host !== "::1";
  if (!auth.enabled) {
    const text = "Anyone who reaches the port may do anything (ABSTRACTGATEWAY_SECURITY=0)";
    return [isPublic ? fail(name, text, "Remove the variable") : warn(name, text, "Remove the variable")];
  }
  if (auth.users.enabled && auth.tokens.length === 0) return [ok(name, "Users sign in with tokens of their own")];
  if (auth.tokens.length === 0)
    return [fail(name, "No token is configured", "`abstractgateway config init` writes one to .env")];
  if (auth.tokens.some((token) => token.length < weakToken)) {
    return [warn(name, `A token has fewer than ${weakToken} characters`, "Use one from `abstractgateway config init`")];
  }
  return [ok(name, `${auth.tokens.length} token${auth.tokens.length === 1 ? "" : "s"}`)];
};

export const checkPort: Check = async ({ settings: { host, port } }) => {
  if (port === 0) return [];
  const name = "port";
  if (await isGateway(host, port)) return [ok(name, `A gateway answers at ${host}:${port}`)];
  const problem = await listenProblem(host, port);
  if (problem === null) return [ok(name, `${host}:${port} is free`)];
  return [fail(name, `${host}:${port} cannot be used: ${problem}`, "Set ABSTRACTGATEWAY_PORT or use --port")];
};

async function isGateway(host: string, port: number): Promise<boolean> {
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  const address = name.includes(":") ? `[${name}]` : name;
  try {
    const response = await fetch(`http://${address}:${port}/api/health`, { signal: AbortSignal.timeout(2000) });
    return (await response.text()).includes("abstractgateway");
  } catch {
    return false;
  }
}

function listenProblem(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(messageOf(error)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

export const checkFiles: Check = async () => {
  if (process.platform !== "linux") return [];
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.NaN);
  if (!(limit < wantedFiles)) return [];
  return [
    warn(
      "open files",
      `This user may have ${limit} files open`,
      `ulimit -n ${wantedFiles}, or LimitNOFILE in the service unit`,
    ),
  ];
};

export const checkProviders: Check = async ({ settings }) => {
  const registry = createProviderRegistry(settings.models, {
    inferenceCommand: inferenceCommand(),
    ownPort: settings.port,
  });
  try {
    const providers = await registry.discover();
    const findings = await Promise.all(providers.map(look));
    const route = await registry.defaultRoute(AbortSignal.timeout(providerMs));
    if (route) return [...findings, ok("default model", `${route.provider}/${route.model}`)];
    const fix = "Put a GGUF file into the models folder, or set a provider's key (see README)";
    return [...findings, warn("default model", "No model is there: flows that name none cannot call one", fix)];
  } finally {
    await registry.close();
  }
};

async function look(provider: Provider): Promise<Finding> {
  const name = `provider ${provider.id}`;
  try {
    const models = await provider.models(AbortSignal.timeout(providerMs));
    return ok(name, `${models.length} model${models.length === 1 ? "" : "s"}`);
  } catch (error) {
    return warn(name, messageOf(error), `Check the address and the key of ${provider.label}`);
  }
}
