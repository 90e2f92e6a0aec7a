import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { CommandDef } from "citty";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { settingsArgs, settingsFor } from "#cli/settings.ts";
import { StatusLine, notices, print, printJson } from "#cli/terminal.ts";
import { plain } from "#core/plain-text.ts";
import { AppError } from "#core/errors.ts";
import { runStatuses } from "#core/run.ts";
import type { MigrationReport } from "#app/migrate/migrate.ts";
import { type StoreKind, storeKinds } from "#app/migrate/options.ts";

export function migrateCommand(context: CliContext): CommandDef {
  return define({
    meta: {
      name: "migrate",
      description: "Move a data folder of the Python gateway, or of this one's other store, into a new ledger",
    },
    args: {
      from: {
        type: "string",
        valueHint: "file|sqlite",
        description: "Store of the source (default: the one that is there)",
      },
      to: { type: "string", valueHint: "sqlite|file", default: "sqlite", description: "Store of the target" },
      "target-dir": {
        type: "string",
        valueHint: "folder",
        description:
          "Data folder to write (default: that of --db-path, else the source's own, where its files stay as they are)",
      },
      "db-path": {
        type: "string",
        valueHint: "file",
        description: "Database to write (default: gateway.sqlite3 in the target)",
      },
      overwrite: { type: "boolean", description: "Move a ledger that is in the target's place aside" },
      "dry-run": { type: "boolean", description: "Read everything, count it, and write nothing" },
      json: { type: "boolean", description: "Print JSON" },
      ...settingsArgs,
    },
    run: async ({ args }) => {
      const { dataDir, flowsDir, auth } = settingsFor(context, args);
      const dbPath = args["db-path"] === undefined ? null : resolve(context.cwd, args["db-path"]);
      const named = args["target-dir"];
      const targetDir = named === undefined ? defaultTarget(dataDir, dbPath) : resolve(context.cwd, named);
      const { migrate } = await import("#app/migrate/migrate.ts");
      const status = new StatusLine(context);
      const report = await migrate(
        {
          dataDir,
          flowsDir,
          from: args.from === undefined ? null : storeKind("from", args.from),
          to: storeKind("to", args.to),
          targetDir,
          accounts: { ...auth.users, file: inTarget(auth.users.file, dataDir, targetDir) },
          dbPath,
          overwrites: args.overwrite ?? false,
          dryRun: args["dry-run"] ?? false,
        },
        (stage, done, total) => status.show(progress(stages[stage], done, total)),
      ).finally(() => status.clear());
      if (args.json) return printJson(context, report);
      tell(context, report);
    },
  });
}

function storeKind(flag: string, value: string): StoreKind {
  const kind = storeKinds.find((each) => each === value.trim().toLowerCase());
  if (kind) return kind;
  throw new AppError("invalid_request", `--${flag} must be one of ${storeKinds.join(", ")}, not '${plain(value)}'`);
}

/** The same place in another data folder; a file elsewhere stays where it is. */
function inTarget(file: string, dataDir: string, targetDir: string): string {
  const inside = relative(dataDir, file);
  return inside.startsWith("..") || isAbsolute(inside) ? file : join(targetDir, inside);
}

/** A database that lies elsewhere takes its folder with it. */
function defaultTarget(dataDir: string, dbPath: string | null): string {
  if (dbPath === null) return dataDir;
  const inside = relative(dataDir, dbPath);
  return inside.startsWith("..") || isAbsolute(inside) ? dirname(dbPath) : dataDir;
}

const stages = { artifacts: "Artifacts", runs: "Runs", check: "Comparing" };
const barWidth = 24;

function progress(name: string, done: number, total: number): string {
  if (total === 0) return `${name} ${done} …`;
  const full = Math.round((done / total) * barWidth);
  return `${name.padEnd(10)} [${"#".repeat(full)}${"-".repeat(barWidth - full)}] ${done} of ${total}`;
}

/** At most so many sentences of a kind; `--json` has all. */
const maxShown = 20;

function tell(context: CliContext, report: MigrationReport): void {
  for (const { title, messages } of report.warnings) {
    const { warn } = notices(context);
    warn(`${title} (${messages.length}):`);
    for (const message of messages.slice(0, maxShown)) context.stderr.write(`  ${plain(message)}\n`);
    if (messages.length > maxShown)
      context.stderr.write(`  … and ${messages.length - maxShown} more (--json has all)\n`);
  }
  const { contents, dry_run: isDry } = report;
  const { commands, bundles, by_status: byStatus } = contents;
  const statuses = runStatuses.flatMap((status) => (byStatus[status] ? [`${byStatus[status]} ${status}`] : []));
  const verb = isDry ? "Would copy" : report.resumed ? "Went on and copied" : "Copied";
  print(context, `${verb} ${report.source} in ${report.from} into ${report.into}:`);
  print(context, `  ${contents.runs} runs (${statuses.join(", ") || "none"}), ${contents.schedules} of them schedules`);
  print(context, `  ${contents.records} records`);
  print(context, `  ${commands.applied} commands that were applied, ${commands.waiting} that wait to be`);
  print(context, `  ${contents.artifacts} artifacts`);
  print(
    context,
    `  ${bundles.installed} bundles, ${bundles.kept} more that runs keep; ${report.deprecations} deprecations${report.users > 0 ? `, ${report.users} users` : ""}`,
  );
  if (report.moved_to !== null) print(context, `The ledger that was there is at ${report.moved_to}.`);
  if (isDry) return print(context, "Nothing was written.");
  if (report.store === "file") print(context, "Start it with ABSTRACTGATEWAY_STORE_BACKEND=file.");
  print(
    context,
    `Compared: every record by hash, every artifact byte by byte; the chains are sealed over them (${report.sha256}).`,
  );
}
