import type { CommandDef } from "citty";
import { version } from "#app/version.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { print, printJson } from "#cli/terminal.ts";

/** Put in by the build; absent when the sources run. */
declare const BUILD_COMMIT: string | undefined;

export function versionCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "version", description: "Print the version" },
    args: { json: { type: "boolean", description: "Print JSON" } },
    run: ({ args }) => {
      const commit = typeof BUILD_COMMIT === "string" ? BUILD_COMMIT : null;
      const platform = `${process.platform}-${process.arch}`;
      if (args.json) return printJson(context, { version, commit, bun: Bun.version, platform });
      print(context, `abstractgateway ${version} (${commit ?? "from sources"}, Bun ${Bun.version}, ${platform})`);
    },
  });
}
