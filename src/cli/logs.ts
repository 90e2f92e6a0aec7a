import type { CommandDef } from "citty";
import { stringifyJson } from "#core/json.ts";
import { isTerminal } from "#core/run.ts";
import type { GatewayClient } from "#sdk/client.ts";
import type { LedgerEntry } from "#sdk/wire.ts";
import { connectArgs, withGateway } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { stopSignal } from "#cli/drain.ts";
import { exitCodeOfRun } from "#cli/exit-codes.ts";
import { wholeNumber } from "#cli/flags.ts";
import { describeRecord } from "#cli/record-line.ts";
import { notices, paintFor, print } from "#cli/terminal.ts";

export function logsCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "logs", description: "Print the ledger of a run, and follow it with -f" },
    args: {
      run: { type: "positional", description: "Id of the run", required: true },
      follow: {
        type: "boolean",
        alias: "f",
        description: "Go on until the run has ended; the exit code says how it ended",
      },
      after: { type: "string", default: "0", valueHint: "cursor", description: "Leave out the first so many records" },
      json: { type: "boolean", description: "One JSON object {cursor, record} per line" },
      ...connectArgs,
    },
    run: async ({ args }) => {
      const after = wholeNumber("after", args.after, { min: 0, max: Number.MAX_SAFE_INTEGER });
      const paint = paintFor(context, context.stdout);
      const show = (entry: LedgerEntry) =>
        print(context, args.json ? stringifyJson(entry) : describeRecord(entry, paint));
      await withGateway(context, args, { runner: args.follow ?? false }, async ({ client }) => {
        if (args.follow) return follow(context, client, { runId: args.run, after, show });
        for await (const entry of client.ledger(args.run, after)) show(entry);
      });
    },
  });
}

interface Following {
  runId: string;
  after: number;
  show: (entry: LedgerEntry) => void;
}

async function follow(context: CliContext, client: GatewayClient, { runId, after, show }: Following): Promise<void> {
  const stop = new AbortController();
  const signal = stopSignal(context);
  void signal.stopped.then(() => stop.abort());
  const onDisconnect = () => notices(context).warn("The connection was lost; trying again.");
  try {
    for await (const entry of client.follow(runId, { after, signal: stop.signal, onDisconnect })) show(entry);
    if (stop.signal.aborted) return;
    const { status } = await client.get(runId);
    if (isTerminal(status)) context.exitCode = exitCodeOfRun[status];
  } finally {
    signal.release();
  }
}
