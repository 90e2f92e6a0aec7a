import type { CommandDef } from "citty";
import type { CommandType } from "#core/command.ts";
import { AppError } from "#core/errors.ts";
import { runStatuses } from "#core/run.ts";
import type { RunSummary } from "#sdk/wire.ts";
import { connectArgs, withGateway } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { wholeNumber } from "#cli/flags.ts";
import { paintFor, print, printJson, table } from "#cli/terminal.ts";
import { plain } from "#core/plain-text.ts";

const runArg = { type: "positional", description: "Id of the run", required: true } as const;
const jsonArg = { type: "boolean", description: "Print JSON" } as const;

export function runsCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "runs", description: "List runs; show, pause, resume or cancel one" },
    args: {
      status: { type: "string", description: `Only runs that are ${runStatuses.join(", ")}` },
      limit: { type: "string", default: "50", valueHint: "number", description: "At most so many, 1 to 500" },
      all: { type: "boolean", description: "Also child runs and drafts" },
      json: jsonArg,
      ...connectArgs,
    },
    subCommands: {
      show: showCommand(context),
      pause: steerCommand(context, "pause", "Pause a run and its children"),
      resume: steerCommand(context, "resume", "Go on with a paused run"),
      cancel: steerCommand(context, "cancel", "End a run and its children"),
    },
    run: async ({ args }) => {
      const limit = wholeNumber("limit", args.limit, { min: 1, max: 500 });
      checkStatus(args.status);
      const filter = {
        limit,
        ...(args.status ? { status: args.status } : {}),
        root_only: !args.all,
        include_drafts: args.all ?? false,
      };
      await withGateway(context, args, { runner: false }, async ({ client }) => {
        const runs = await client.list(filter);
        if (args.json) printJson(context, runs);
        else print(context, runs.length === 0 ? "No runs." : table([header, ...runs.map(row)]));
      });
    },
  });
}

function checkStatus(status: string | undefined): void {
  if (status === undefined || (runStatuses as readonly string[]).includes(status)) return;
  throw new AppError("invalid_request", `Option '--status' must be one of ${runStatuses.join(", ")}, not '${status}'.`);
}

const header = ["RUN", "STATUS", "WORKFLOW", "UPDATED", "WAITS FOR"];

function row(run: RunSummary): string[] {
  const waits = run.waiting ? [run.waiting.reason, run.waiting.until].filter(Boolean).join(" ") : "";
  return [
    run.run_id,
    run.paused ? `${run.status} (paused)` : run.status,
    run.workflow_id,
    run.updated_at.slice(0, 19),
    waits,
  ].map(plain);
}

function showCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "show", description: "Show one run" },
    args: { run: runArg, json: jsonArg, ...connectArgs },
    run: ({ args }) =>
      withGateway(context, args, { runner: false }, async ({ client }) => {
        const run = await client.get(args.run);
        if (args.json) return printJson(context, run);
        print(
          context,
          describe(run, (name) => paintFor(context, context.stdout)("dim", name.padEnd(12))),
        );
      }),
  });
}

function describe(run: RunSummary, label: (name: string) => string): string {
  const { waiting } = run;
  const fields: [string, unknown][] = [
    ["run", run.run_id],
    ["workflow", run.workflow_id],
    ["status", run.paused ? `${run.status} (paused)` : run.status],
    ["node", run.current_node],
    ["session", run.session_id],
    ["parent", run.parent_run_id],
    ["forked from", run.forked_from && `${run.forked_from.run_id} at ${run.forked_from.cursor}`],
    ["created", run.created_at],
    ["updated", run.updated_at],
    ["error", run.error],
    ["waits for", waiting && [waiting.reason, waiting.until, waiting.wait_key].filter(Boolean).join(" ")],
    ["question", waiting?.prompt],
    ["choices", waiting?.choices?.length ? JSON.stringify(waiting.choices) : null],
  ];
  const present = fields.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return present.map(([name, value]) => `${label(name)} ${plain(String(value))}`).join("\n");
}

function steerCommand(
  context: CliContext,
  type: CommandType & ("pause" | "resume" | "cancel"),
  description: string,
): CommandDef {
  return define({
    meta: { name: type, description },
    args: {
      run: runArg,
      ...(type === "resume" ? {} : { reason: { type: "string", description: "Why; kept with the run" } as const }),
      json: jsonArg,
      ...connectArgs,
    },
    run: ({ args }) =>
      withGateway(context, args, { runner: true }, async ({ client }) => {
        const before = await client.get(args.run);
        const reason = args["reason"];
        const payload = typeof reason === "string" ? { reason } : {};
        const receipt = await client.command({ run_id: before.run_id, type, payload });
        const outcome = await client.outcome(receipt.command_id);
        if (args.json) return printJson(context, outcome);
        if (outcome.outcome?.status === "refused") throw new AppError("conflict", outcome.outcome.message);
        print(context, outcome.outcome?.message ?? `Accepted as command ${receipt.seq}; no runner has applied it yet.`);
      }),
  });
}
