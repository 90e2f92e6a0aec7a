import { open } from "node:fs/promises";
import { resolve } from "node:path";
import type { CommandDef } from "citty";
import { AppError, messageOf } from "#core/errors.ts";
import type { CliContext, Output } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { settingsArgs, settingsFor } from "#cli/settings.ts";
import { StatusLine, print } from "#cli/terminal.ts";

export function exportCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "export", description: "Write runs and their records as JSON lines that anyone can check" },
    args: {
      run: { type: "string", valueHint: "id", description: "Only this run and its children (default: all)" },
      output: { type: "string", alias: "o", valueHint: "file", description: "File to make (default: standard output)" },
      ...settingsArgs,
    },
    run: async ({ args }) => {
      const settings = settingsFor(context, args);
      const { exportLines } = await import("#app/offline.ts");
      const lines = exportLines(settings, args.run === undefined ? {} : { runId: args.run });
      if (args.output === undefined) return writeTo(context.stdout, lines);
      const path = resolve(context.cwd, args.output);
      const count = await writeFile(context, path, lines);
      print(context, `${path}: ${count} lines.`);
    },
  });
}

/** A reader that is slower than the disk holds the export back instead of filling the memory. */
async function writeTo(output: Output, lines: AsyncIterable<string>): Promise<void> {
  for await (const line of lines) {
    const isFull = output.write(`${line}\n`) === false;
    if (isFull && output.once) await new Promise<void>((done) => output.once?.("drain", done));
  }
}

async function writeFile(context: CliContext, path: string, lines: AsyncIterable<string>): Promise<number> {
  const status = new StatusLine(context);
  const file = await open(path, "wx", 0o600).catch((cause: unknown) => {
    const exists = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    const message = exists ? `${path} exists already: name a new file` : `${path} cannot be made: ${messageOf(cause)}`;
    throw new AppError(exists ? "conflict" : "storage", message, { cause });
  });
  try {
    let count = 0;
    for await (const line of lines) {
      await file.writeFile(`${line}\n`);
      status.show(`${++count} lines …`);
    }
    await file.sync();
    return count;
  } finally {
    status.clear();
    await file.close();
  }
}
