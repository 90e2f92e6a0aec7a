import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { AppError, messageOf } from "#core/errors.ts";
import { dotenvLine } from "#config/dotenv.ts";

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
}

export interface Initialised {
  path: string;
  token: string;
}

/** Writes a `.env` with a fresh token, readable by its owner only. AppError `conflict` when there is one already. */
export async function configInit(options: InitOptions): Promise<Initialised> {
  const path = resolve(options.cwd, options.envFile ?? ".env");
  const token = options.authToken ?? Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
  const dataDir = options.dataDir ?? "./runtime";
  const lines = [
    "# Settings of AbstractGateway, written by `abstractgateway config init`.",
    "# `abstractgateway serve` reads this file from its working directory.",
    "# Keep it secret: whoever has the token may do everything.",
    dotenvLine("ABSTRACTGATEWAY_AUTH_TOKEN", token),
    dotenvLine("ABSTRACTGATEWAY_ALLOWED_ORIGINS", options.allowedOrigins ?? "http://localhost:*,http://127.0.0.1:*"),
    dotenvLine("ABSTRACTGATEWAY_DATA_DIR", dataDir),
    dotenvLine("ABSTRACTGATEWAY_FLOWS_DIR", options.flowsDir ?? `${dataDir}/flows`),
    dotenvLine("ABSTRACTGATEWAY_WORKFLOW_SOURCE", "bundle"),
    dotenvLine("ABSTRACTGATEWAY_STORE_BACKEND", "sqlite"),
    dotenvLine("ABSTRACTGATEWAY_RUNNER", "1"),
    dotenvLine("ABSTRACTGATEWAY_TOOL_MODE", "approval"),
    dotenvLine("ABSTRACTGATEWAY_MAX_ATTACHMENT_BYTES", "26214400"),
  ];
  await write(path, `${lines.join("\n")}\n`, options.force ?? false);
  return { path, token };
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
