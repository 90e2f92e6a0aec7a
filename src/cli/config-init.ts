import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { CommandDef } from "citty";
import { exampleSettings } from "#config/example.ts";
import { type InitOptions, configInit } from "#config/init.ts";
import { AppError, messageOf } from "#core/errors.ts";
import { type CliContext, isInteractive } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { wholeNumber } from "#cli/flags.ts";
import { createLineReader } from "#cli/line-reader.ts";
import { paintFor, print, printJson } from "#cli/terminal.ts";

const args = {
  "env-file": { type: "string", valueHint: "file", description: "File to write (default: .env)" },
  force: { type: "boolean", description: "Replace the file when it exists" },
  yes: { type: "boolean", description: "Ask nothing: take the defaults" },
  "auth-token": { type: "string", description: "Token to write (default: a new one)" },
  "allowed-origins": { type: "string", valueHint: "globs", description: "Web pages that may call the gateway" },
  "data-dir": {
    type: "string",
    valueHint: "folder",
    description: "Folder of everything that lasts (default: ./runtime)",
  },
  "flows-dir": {
    type: "string",
    valueHint: "folder",
    description: "Folder of installed bundles (default: in the data folder)",
  },
  "db-path": { type: "string", valueHint: "file", description: "Database file (default: in the data folder)" },
  "workflow-source": { type: "string", description: "Where workflows come from: bundle" },
  "store-backend": { type: "string", description: "Store of the ledger: sqlite or file (default: sqlite)" },
  runner: { type: "boolean", default: true, description: "Run workflows in the gateway's process" },
  "tool-mode": { type: "string", description: "approval, passthrough, delegated or local (default: approval)" },
  "max-attachment-bytes": { type: "string", valueHint: "bytes", description: "Largest attachment" },
  "memory-backend": { type: "string", description: "lancedb, sqlite or memory (default: lancedb)" },
  example: { type: "boolean", description: "Write .env.example: every setting with its meaning, and no token" },
  json: { type: "boolean", description: "Print JSON, without the token" },
} as const;

export function initCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "init", description: "Write .env with a new token and the folders to use" },
    args,
    run: async ({ args: given, rawArgs }) => {
      if (given.example) return writeExample(context, { envFile: given["env-file"], force: given.force ?? false });
      const attachment = given["max-attachment-bytes"];
      const options: InitOptions = {
        ...withoutUndefined({
          envFile: given["env-file"],
          authToken: given["auth-token"],
          allowedOrigins: given["allowed-origins"],
          dataDir: given["data-dir"],
          flowsDir: given["flows-dir"],
          dbPath: given["db-path"],
          workflowSource: given["workflow-source"],
          storeBackend: given["store-backend"],
          toolMode: given["tool-mode"],
          memoryBackend: given["memory-backend"],
        }),
        ...(attachment === undefined
          ? {}
          : { maxAttachmentBytes: wholeNumber("max-attachment-bytes", attachment, { min: 1, max: 2 ** 52 }) }),
        ...(rawArgs.some((each) => /^--(no-)?runner\b/.test(each)) ? { runner: given.runner } : {}),
        cwd: context.cwd,
        force: given.force ?? false,
      };
      const asks = isInteractive(context) && !given.yes && !given.json;
      const { path } = await configInit(asks ? await askedFor(context, options) : options);
      if (given.json) return printJson(context, { path });
      print(context, [`Wrote ${path}`, ...hints].join("\n"));
    },
  });
}

async function writeExample(
  context: CliContext,
  options: { envFile: string | undefined; force: boolean },
): Promise<void> {
  const path = resolve(context.cwd, options.envFile ?? ".env.example");
  try {
    await writeFile(path, exampleSettings(), { flag: options.force ? "w" : "wx" });
  } catch (error) {
    const isThere = error instanceof Error && "code" in error && error.code === "EEXIST";
    if (isThere) throw new AppError("conflict", `${path} exists already: use --force to replace it`, { cause: error });
    throw new AppError("storage", `${path} cannot be written: ${messageOf(error)}`, { cause: error });
  }
  print(context, `Wrote ${path}`);
}

const hints = [
  "  It holds the token that clients send: keep it to yourself.",
  "  `abstractgateway serve` here starts the gateway with it.",
  "  `abstractgateway config status` shows what is in force.",
];

function withoutUndefined<T extends object>(values: T): { [Key in keyof T]?: NonNullable<T[Key]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof withoutUndefined<T>
  >;
}

interface Question {
  key: "dataDir" | "allowedOrigins" | "toolMode";
  text: string;
  preset: string;
}

const questions: Question[] = [
  { key: "dataDir", text: "Folder of everything that lasts", preset: "./runtime" },
  {
    key: "allowedOrigins",
    text: "Web pages that may call the gateway (globs, with commas)",
    preset: "http://localhost:*,http://127.0.0.1:*",
  },
  {
    key: "toolMode",
    text: "Tools that change something: ask first (approval) or never ask (local)",
    preset: "approval",
  },
];

/** Asks for what no flag says. AppError `invalid_request` when the person leaves; nothing is written then. */
async function askedFor(context: CliContext, options: InitOptions): Promise<InitOptions> {
  const stop = new AbortController();
  const reader = createLineReader(context, () => stop.abort());
  const ask = async (text: string, preset: string): Promise<string> => {
    context.stderr.write(`${paintFor(context, context.stderr)("bold", text)} [${preset}]\n`);
    const line = await reader.next(stop.signal);
    if (line === null) throw new AppError("invalid_request", "Nothing was written.");
    return line.trim() || preset;
  };
  try {
    const answers: InitOptions = { ...options };
    const path = resolve(options.cwd, options.envFile ?? ".env");
    if (!options.force && existsSync(path)) {
      const answer = await ask(`${path} exists already. Replace it?`, "no");
      if (!/^y(es)?$/i.test(answer)) throw new AppError("invalid_request", "Nothing was written.");
      answers.force = true;
    }
    for (const { key, text, preset } of questions) {
      if (options[key] === undefined) answers[key] = await ask(text, preset);
    }
    return answers;
  } finally {
    reader.close();
  }
}
