import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { AppError, messageOf } from "#core/errors.ts";
import { dotenvLine } from "#config/dotenv.ts";
import { loadSettings } from "#config/load.ts";

export interface InitOptions {
  cwd: string;
  /** Default `.env`. */
  envFile?: string;
  /** Replace a file that is there. */
  force?: boolean;
  authToken?: string;
  allowedOrigins?: string;
  dataDir?: string;
  flowsDir?: string;
  workflowSource?: string;
  storeBackend?: string;
  /** SQLite file; default: in the data folder. */
  dbPath?: string;
  runner?: boolean;
  toolMode?: string;
  maxAttachmentBytes?: number;
  memoryBackend?: string;
}

export interface Initialised {
  path: string;
  token: string;
}

/**
 * Writes a `.env` with a fresh token, readable by its owner only; the order of the keys is the contract's (http-api 3.7). AppErrors
 * `conflict` when there is one already, `invalid_request` when the gateway would not start with what was asked for.
 */
export async function configInit(options: InitOptions): Promise<Initialised> {
  const path = resolve(options.cwd, options.envFile ?? ".env");
  const token = options.authToken ?? freshToken();
  const variables = variablesFor(options, token);
  // What is written must be what can be read: a file that stops the next start helps nobody.
  loadSettings({ env: Object.fromEntries(variables), cwd: options.cwd, envFile: null });
  const lines = [...header, ...variables.map(([key, value]) => dotenvLine(key, value))];
  await write(path, `${lines.join("\n")}\n`, options.force ?? false);
  return { path, token };
}

const header = [
  "# Settings of AbstractGateway, written by `abstractgateway config init`.",
  "# `abstractgateway serve` reads this file from its working directory.",
  "# Keep it secret: whoever has the token may do everything.",
];

/** 32 random bytes in characters that need no quoting in a URL, a header or a shell. */
function freshToken(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
}

function variablesFor(options: InitOptions, token: string): [string, string][] {
  const dataDir = options.dataDir ?? "./runtime";
  const store = options.storeBackend ?? "sqlite";
  const dbPath = options.dbPath ?? (store === "sqlite" ? `${dataDir}/gateway.sqlite3` : null);
  return [
    ["ABSTRACTGATEWAY_AUTH_TOKEN", token],
    ["ABSTRACTGATEWAY_ALLOWED_ORIGINS", options.allowedOrigins ?? "http://localhost:*,http://127.0.0.1:*"],
    ["ABSTRACTGATEWAY_DATA_DIR", dataDir],
    ["ABSTRACTGATEWAY_FLOWS_DIR", options.flowsDir ?? `${dataDir}/flows`],
    ["ABSTRACTGATEWAY_WORKFLOW_SOURCE", options.workflowSource ?? "bundle"],
    ["ABSTRACTGATEWAY_STORE_BACKEND", store],
    ...(dbPath === null ? [] : ([["ABSTRACTGATEWAY_DB_PATH", dbPath]] satisfies [string, string][])),
    ["ABSTRACTGATEWAY_RUNNER", (options.runner ?? true) ? "1" : "0"],
    ["ABSTRACTGATEWAY_TOOL_MODE", options.toolMode ?? "approval"],
    ["ABSTRACTGATEWAY_MAX_ATTACHMENT_BYTES", String(options.maxAttachmentBytes ?? 26_214_400)],
    ["ABSTRACTGATEWAY_MEMORY_STORE_BACKEND", options.memoryBackend ?? "lancedb"],
  ];
}

async function write(path: string, text: string, force: boolean): Promise<void> {
  try {
    // Not through a symbolic link's back: without force the file must not exist in any form.
    const file = await open(path, force ? "w" : "wx", 0o600);
    try {
      await file.chmod(0o600);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") {
      throw new AppError("conflict", `${path} exists already: use --force to replace it`, { cause: error });
    }
    throw new AppError("storage", `${path} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}
