import type { CommandDef } from "citty";
import { AppError } from "#core/errors.ts";
import type { GatewayClient } from "#sdk/client.ts";
import { connectArgs, withGateway } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { optionValues } from "#cli/flags.ts";
import { readInput } from "#cli/run-input.ts";
import { targetOf } from "#cli/run-target.ts";
import { describeSchedule } from "#cli/schedule-text.ts";
import { timesArgs, timesOf } from "#cli/schedule-times.ts";
import { notices, print, printJson } from "#cli/terminal.ts";

export function createCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "create", description: "Run a workflow later, or again and again" },
    args: {
      bundle: {
        type: "positional",
        description: "Installed bundle: name, name@version or name@version:flow",
        required: true,
      },
      flow: { type: "string", valueHint: "id", description: "Flow of the bundle (default: its entrypoint)" },
      input: {
        type: "string",
        alias: "i",
        valueHint: "JSON|name=value|@file",
        description: "Input of every run; may be given several times",
      },
      "start-at": { type: "string", valueHint: "time", description: "now, an ISO time or a duration such as 10m" },
      ...timesArgs,
      session: { type: "string", valueHint: "id", description: "Session of the schedule and its runs" },
      "own-sessions": { type: "boolean", description: "Each run has a session of its own" },
      json: { type: "boolean", description: "Print the schedule as JSON" },
      ...connectArgs,
    },
    run: async ({ args, rawArgs }) => {
      const input_data = await readInput(optionValues(rawArgs, "input", "i"), context.cwd);
      const startAt = args["start-at"];
      const more = {
        ...timesOf(args, rawArgs),
        ...(startAt === undefined ? {} : { start_at: startAt }),
        ...(args.session === undefined ? {} : { session_id: args.session }),
        ...(args["own-sessions"] ? { share_context: false } : {}),
      };
      await withGateway(context, args, { runner: false }, async ({ client, isOwn }) => {
        const target = await flowOf(client, targetOf(args.bundle, args.flow));
        const id = await client.createSchedule({ ...target, input_data, ...more });
        const item = await client.schedule(id);
        if (args.json) return printJson(context, item);
        print(context, describeSchedule(context, item));
        if (isOwn) notices(context).warn("No gateway is running: the schedule begins when one is served.");
      });
    },
  });
}

/** A schedule names its flow; the bundle says which one is meant when nobody does. */
async function flowOf(
  client: GatewayClient,
  { bundle_id: bundle = "", flow_id: flow }: { bundle_id?: string; flow_id?: string },
): Promise<{ bundle_id: string; flow_id: string }> {
  if (flow !== undefined) return { bundle_id: bundle, flow_id: flow };
  const items = await client.bundles({ all_versions: true, include_drafts: true });
  const found = items.find((item) => item.bundle_ref === bundle) ?? items.find((item) => item.bundle_id === bundle);
  if (!found) throw new AppError("not_found", `Bundle '${bundle}' is not installed.`);
  const entrypoint = found.default_entrypoint ?? found.entrypoints[0]?.flow_id;
  if (entrypoint === undefined)
    throw new AppError("invalid_request", `Bundle '${bundle}' has no entrypoint: use --flow.`);
  return { bundle_id: bundle, flow_id: entrypoint };
}
