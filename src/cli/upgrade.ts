import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import type { CommandDef } from "citty";
import { versionInfo } from "#app/version.ts";
import { AppError } from "#core/errors.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { settingsArgs } from "#cli/settings.ts";
import { print } from "#cli/terminal.ts";

export function upgradeCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "upgrade", description: "Replace this executable by a checked one, or bring the previous one back" },
    args: {
      from: { type: "positional", required: false, description: "The new executable: a file or an https address" },
      sha256: {
        type: "string",
        valueHint: "digits",
        description: "Its checksum (default: the one in SHA256SUMS beside it)",
      },
      rollback: { type: "boolean", description: "Bring the previous executable back" },
      ...settingsArgs,
    },
    run: async ({ args }) => {
      const executable = ownExecutable();
      const { rollBack, upgradeExecutable } = await import("#app/upgrade/replace-executable.ts");
      if (args.rollback) {
        const { from, to } = await rollBack(executable, context.cwd);
        return print(context, `Back to ${to}, from ${from}. ${restart}`);
      }
      if (args.from === undefined)
        throw new AppError("invalid_request", "Say which file or address to upgrade from, or --rollback.");
      const given = Object.entries({ "data-dir": args["data-dir"], "env-file": args["env-file"] });
      const isAddress = /^[a-z]+:\/\//i.test(args.from);
      const { from, to, previous } = await upgradeExecutable({
        executable,
        from: isAddress ? args.from : resolve(context.cwd, args.from),
        sha256: args.sha256 ?? null,
        settingsArgs: given.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value])),
        cwd: context.cwd,
      });
      print(
        context,
        `Upgraded from ${from} to ${to}. ${restart}\n  The previous one is ${previous}; \`abstractgateway upgrade --rollback\` brings it back.`,
      );
    },
  });
}

const restart = "A gateway that runs is still the old one: restart it.";

/** AppError `unsupported` where something else keeps the executable up to date. */
function ownExecutable(): string {
  if (versionInfo().commit === null)
    throw new AppError("unsupported", "The sources are upgraded with git, not with this command.");
  const executable = realpathSync(process.execPath);
  if (executable.includes("/Cellar/"))
    throw new AppError("unsupported", "Homebrew keeps this executable: `brew upgrade abstractgateway`.");
  return executable;
}
