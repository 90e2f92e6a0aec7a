import type { CommandDef } from "citty";
import type { SweepReport } from "#sdk/wire.ts";
import { connectArgs, withGateway } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { daysOption } from "#cli/flags.ts";
import { print, printJson, table } from "#cli/terminal.ts";

const days = (what: string) => ({ type: "string", valueHint: "days", description: what }) as const;

export function gcCommand(context: CliContext): CommandDef {
  return define({
    meta: {
      name: "gc",
      description: "Remove what nobody needs any more, beside a running gateway or without one",
    },
    args: {
      "dry-run": { type: "boolean", description: "Only tell what would go" },
      "runs-days": days("Remove ended runs after so many days (default: as configured; 0: none)"),
      "states-days": days("Keep of ended runs only the first and the last state after so many days"),
      "artifacts-days": days("Remove artifacts that belong to no run after so many days"),
      json: { type: "boolean", description: "Print JSON" },
      ...connectArgs,
    },
    run: ({ args }) => {
      const body = {
        dry_run: args["dry-run"] ?? false,
        ...daysOption("runs-days", args["runs-days"]),
        ...daysOption("states-days", args["states-days"]),
        ...daysOption("artifacts-days", args["artifacts-days"]),
      };
      return withGateway(context, args, { runner: false }, async ({ client }) => {
        const report = await client.collectGarbage(body);
        if (args.json) return printJson(context, report);
        print(context, describe(report));
      });
    },
  });
}

function describe(report: SweepReport): string {
  const { drafts, runs, states, artifacts, blobs, workspaces } = report;
  const rows = [
    ["ended runs", runs.runs, `${runs.ledger_records} records, ${size(runs.bytes)}`],
    ["expired drafts", drafts.runs, `${drafts.ledger_records} records, ${size(drafts.bytes)}`],
    ["artifacts of these", runs.artifacts + drafts.artifacts, size(runs.artifact_bytes + drafts.artifact_bytes)],
    ["runs whose states shrank", states.runs, size(states.bytes)],
    ["artifacts without a run", artifacts.count, size(artifacts.bytes)],
    ["unused files", blobs.count, size(blobs.bytes)],
    ["workspaces", workspaces.count, size(workspaces.bytes)],
  ] as const;
  const head = report.dry_run ? "Would go (nothing was changed):" : "Gone:";
  return [head, table(rows.map(([name, count, text]) => [`  ${name}`, String(count), text]))].join("\n");
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
