import type { ArgsDef, CommandDef } from "citty";
import type { CliContext } from "#cli/context.ts";
import { commands } from "#cli/commands.ts";
import { AppError } from "#core/errors.ts";
import { define } from "#cli/define.ts";
import { print } from "#cli/terminal.ts";
import { type CompletionNode, completionScript, shells } from "#cli/completion-script.ts";

export function completionsCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "completions", description: "Print a completion script for bash, zsh or fish" },
    args: {
      shell: { type: "positional", required: true, description: `One of ${shells.join(", ")}` },
    },
    run: async ({ args }) => {
      const shell = shells.find((each) => each === args.shell);
      if (shell === undefined) {
        throw new AppError("invalid_request", `'${args.shell}' is not one of ${shells.join(", ")}.`);
      }
      print(context, completionScript(shell, await commandTree(context)));
    },
  });
}

/** Every command that people use, with its options and sub-commands, as the commands themselves define them. */
async function commandTree(context: CliContext): Promise<CompletionNode> {
  const visible = commands.filter((each) => !each.hidden);
  const children = await Promise.all(
    visible.map(async ({ name, description, load }) => ({ ...(await nodeOf(name, await load(context))), description })),
  );
  return { name: "abstractgateway", description: "", options: [], children };
}

async function nodeOf(name: string, command: CommandDef): Promise<CompletionNode> {
  const meta = await resolved(command.meta);
  const children = Object.entries((await resolved(command.subCommands)) ?? {});
  return {
    name,
    description: meta?.description ?? "",
    options: optionsOf((await resolved(command.args)) ?? {}),
    children: await Promise.all(
      children.map(async ([child, definition]) => nodeOf(child, (await resolved(definition)) as CommandDef)),
    ),
  };
}

/** Options without a description work but are not shown. */
function optionsOf(definitions: ArgsDef): CompletionNode["options"] {
  return Object.entries(definitions).flatMap(([name, definition]) =>
    definition.type === "positional" || definition.description === undefined
      ? []
      : [{ name, description: definition.description, takesValue: definition.type !== "boolean" }],
  );
}

async function resolved<T>(value: T | Promise<T> | (() => T) | (() => Promise<T>) | undefined): Promise<T | undefined> {
  return typeof value === "function" ? (value as () => T | Promise<T>)() : value;
}
