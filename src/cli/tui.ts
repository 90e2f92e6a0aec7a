import type { CommandDef } from "citty";
import { AppError } from "#core/errors.ts";
import { connectArgs, withGateway } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { notices } from "#cli/terminal.ts";

export function tuiCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "tui", description: "Chat, answer, watch and steer runs in this terminal" },
    args: {
      session: { type: "string", valueHint: "id", description: "Session to go on with (default: a new one)" },
      bundle: {
        type: "string",
        default: "agent",
        description: "Who answers: a bundle, name@version or name@version:flow",
      },
      model: {
        type: "string",
        valueHint: "provider/model",
        description: "Which model answers (default: the configured one)",
      },
      ...connectArgs,
    },
    run: async ({ args }) => {
      const streams = terminalOf(context);
      // Loaded now, and by nobody else.
      const { modelOf, startTerminal, targetOf } = await import("#clients/terminal/start.tsx");
      const target = targetOf(args.bundle);
      const model = args.model === undefined ? null : modelOf(args.model);
      // What a gateway inside this process says would be written across the screen.
      const quiet = { ...context, stderr: { write: () => true } };
      await withGateway(quiet, args, { runner: true }, async ({ client, isOwn }) => {
        await client.ping();
        const ended = await startTerminal({
          ...streams,
          client,
          target,
          model,
          sessionId: args.session ?? null,
          hasColour: !context.env["NO_COLOR"] && context.env["TERM"] !== "dumb",
          onSignal: context.onSignal,
        });
        if (ended.signal !== null) context.exitCode = ended.signal === "SIGINT" ? 130 : 143;
        if (!ended.hasTurns) return;
        const goesOn = isOwn ? "" : " What runs goes on.";
        notices(context).log(
          `Left session ${ended.sessionId}.${goesOn} Back with: abstractgateway tui --session ${ended.sessionId}`,
        );
      });
    },
  });
}

/** AppError `unsupported` when nobody sits at a terminal here. */
function terminalOf({ stdin, stdout }: CliContext): { stdin: NodeJS.ReadStream; stdout: NodeJS.WriteStream } {
  if (stdin.isTTY === true && stdout.isTTY === true) {
    return { stdin: stdin as NodeJS.ReadStream, stdout: stdout as NodeJS.WriteStream };
  }
  const others = "For scripts there are `run`, `runs`, `logs` and `schedules`.";
  throw new AppError("unsupported", `\`tui\` needs a terminal for its input and its output. ${others}`);
}
