import type { CommandDef } from "citty";
import { versionInfo } from "#app/version.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { print, printJson } from "#cli/terminal.ts";

export function versionCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "version", description: "Print the version; with --json also the flavour and what models run on" },
    args: { json: { type: "boolean", description: "Print JSON" } },
    run: async ({ args }) => {
      const info = versionInfo();
      if (args.json) return printJson(context, { ...info, compute: await compute(context) });
      const { version, commit, bun, platform, flavour } = info;
      const built = commit === null ? "from sources" : `${flavour}, ${commit}`;
      print(context, `abstractgateway ${version} (${built}, Bun ${bun}, ${platform})`);
    },
  });
}

/** What local models will run on and why; null where the settings are wrong, which is no reason not to tell the version. */
async function compute(context: CliContext) {
  const { settingsFor } = await import("#cli/settings.ts");
  const { ownCompute } = await import("#app/own-compute.ts");
  try {
    return ownCompute(settingsFor(context, {}).models);
  } catch {
    return null;
  }
}
