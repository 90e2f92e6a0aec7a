import { homedir } from "node:os";
import { resolve } from "node:path";
import type { CommandDef } from "citty";
import { ownCommand } from "#app/own-command.ts";
import { AppError } from "#core/errors.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import {
  type Plan,
  type ServiceHost,
  installService,
  planService,
  uninstallService,
} from "#cli/service/service-manager.ts";
import { print } from "#cli/terminal.ts";

const placeArgs = {
  "data-dir": { type: "string", valueHint: "folder", description: "Folder of everything that lasts" },
  "env-file": {
    type: "string",
    valueHint: "file",
    description: "File with settings; written with a new token when absent",
  },
} as const;

export function serviceCommand(context: CliContext, host: ServiceHost = thisMachine(context)): CommandDef {
  return define({
    meta: { name: "service", description: "Run the gateway as a service of this system: systemd or launchd" },
    subCommands: {
      install: installCommand(context, host),
      uninstall: uninstallCommand(context, host),
      status: statusCommand(context, host),
    },
  });
}

function planned(
  context: CliContext,
  host: ServiceHost,
  args: { [Key in keyof typeof placeArgs]?: string | undefined },
  usesGpu: boolean,
): Plan {
  const absolute = (path: string | undefined) => (path === undefined ? null : resolve(context.cwd, path));
  return planService(host, { dataDir: absolute(args["data-dir"]), envFile: absolute(args["env-file"]), usesGpu });
}

function installCommand(context: CliContext, host: ServiceHost): CommandDef {
  return define({
    meta: {
      name: "install",
      description: "Write the service and its settings, and start it; as root for the whole system",
    },
    args: {
      ...placeArgs,
      gpu: { type: "boolean", description: "Let local models use graphics cards (systemd)" },
      print: { type: "boolean", description: "Print what would be written, and do nothing" },
    },
    run: async ({ args }) => {
      const plan = planned(context, host, args, args.gpu ?? false);
      if (args.print) return print(context, `# ${plan.path}\n${plan.text.trimEnd()}`);
      const { wroteSettings } = await installService(host, plan);
      const settings = wroteSettings ? "written, with a new token: keep it to yourself" : "as they were";
      print(
        context,
        `The service runs.\n  service   ${plan.path}\n  settings  ${plan.envFile} (${settings})\n  data      ${plan.dataDir}`,
      );
    },
  });
}

function uninstallCommand(context: CliContext, host: ServiceHost): CommandDef {
  return define({
    meta: { name: "uninstall", description: "Stop the service and remove it; settings and data stay" },
    args: {},
    run: async () => {
      const plan = planned(context, host, {}, false);
      await uninstallService(host, plan);
      print(context, `The service is gone. Settings and data stay: ${plan.envFile}, ${plan.dataDir}`);
    },
  });
}

function statusCommand(context: CliContext, host: ServiceHost): CommandDef {
  return define({
    meta: { name: "status", description: "Say whether the service runs" },
    args: {},
    run: () => {
      const { status } = planned(context, host, {}, false);
      const result = host.run(status);
      if (result === null) throw new AppError("unavailable", `'${status[0]}' is not on this machine.`);
      print(context, result.output.trimEnd());
      context.exitCode = result.exitCode;
    },
  });
}

function thisMachine(context: CliContext): ServiceHost {
  return {
    platform: process.platform,
    userId: process.getuid?.() ?? 0,
    home: context.env["HOME"] || homedir(),
    executable: ownCommand()[0] ?? process.execPath,
    root: "/",
    run(command) {
      if (Bun.which(command[0] ?? "") === null) return null;
      const { exitCode, stdout, stderr } = Bun.spawnSync(command, { stdout: "pipe", stderr: "pipe" });
      return { exitCode, output: stdout.toString() + stderr.toString() };
    },
  };
}
