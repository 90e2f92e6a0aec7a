import { resolve } from "node:path";
import type { CommandDef } from "citty";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { settingsArgs, settingsFor } from "#cli/settings.ts";
import { StatusLine, print, printJson } from "#cli/terminal.ts";

/** Folders that can be had again, and are large. */
const reproducible = ["models", "prompt-cache"];

export function backupCommand(context: CliContext): CommandDef {
  return define({
    meta: {
      name: "backup",
      description: "Copy the data folder consistently, beside a running gateway, and check the copy",
    },
    args: {
      target: {
        type: "positional",
        required: false,
        valueHint: "folder",
        description: "Folder to make (default: abstractgateway-backup-<time>)",
      },
      "with-models": { type: "boolean", description: "Copy local models and saved prompt states too" },
      "without-workspaces": { type: "boolean", description: "Leave out the folders that runs worked in" },
      json: { type: "boolean", description: "Print the manifest as JSON" },
      ...settingsArgs,
    },
    run: async ({ args }) => {
      const settings = settingsFor(context, args);
      const { backUp } = await import("#app/backup.ts");
      const status = new StatusLine(context);
      const leaveOut = [
        ...(args["with-models"] ? [] : reproducible),
        ...(args["without-workspaces"] ? ["workspaces"] : []),
      ];
      const target = args.target === undefined ? undefined : resolve(context.cwd, args.target);
      const done = await backUp(settings, {
        cwd: context.cwd,
        leaveOut,
        ...(target === undefined ? {} : { target }),
        onProgress: ({ stage, done: count, total }) => status.show(`${stages[stage]}${share(count, total)}`),
      }).finally(() => status.clear());
      if (args.json) return printJson(context, { folder: done.target, ...done.manifest });
      const { database, files, left_out } = done.manifest;
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      print(
        context,
        `${done.target}: ${database.runs} runs, ${database.records} records, ${files.length} files, ${megabytes(bytes)}; checked.`,
      );
      if (left_out.length > 0) print(context, `Left out: ${left_out.join(", ")}.`);
    },
  });
}

export function restoreCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "restore", description: "Put a backup into a data folder, after checking every byte of it" },
    args: {
      source: { type: "positional", valueHint: "folder", description: "The backup" },
      replace: { type: "boolean", description: "Move what is in the data folder aside" },
      check: { type: "boolean", description: "Only check the backup" },
      json: { type: "boolean", description: "Print JSON" },
      ...settingsArgs,
    },
    run: async ({ args }) => {
      const settings = settingsFor(context, args);
      const { checkBackup, restore } = await import("#app/backup.ts");
      const status = new StatusLine(context);
      const onProgress = (stage: "check" | "files", done: number, total: number) =>
        status.show(`${stages[stage]}${share(done, total)}`);
      const source = resolve(context.cwd, args.source ?? "");
      if (args.check) {
        const found = await checkBackup(source, onProgress).finally(() => status.clear());
        if (args.json) return printJson(context, found);
        return print(context, `${source}: ${found.runs} runs, ${found.records} records: sound.`);
      }
      const { manifest, movedTo } = await restore(settings, {
        source,
        replaces: args.replace ?? false,
        onProgress,
      }).finally(() => status.clear());
      if (args.json) return printJson(context, { data_dir: settings.dataDir, moved_to: movedTo, ...manifest.database });
      const { runs, records } = manifest.database;
      print(context, `${settings.dataDir} is as of ${manifest.created_at}: ${runs} runs, ${records} records.`);
      if (movedTo !== null) print(context, `What was there before is in ${movedTo}.`);
    },
  });
}

const stages = { database: "Copying the ledger", files: "Copying files", check: "Checking files" };

function share(done: number, total: number): string {
  return total === 0 ? " …" : ` ${done} of ${total} …`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
