import type { CommandDef } from "citty";
import type { CliContext } from "#cli/context.ts";

/** A command by name; its code is loaded when it is used, so that start-up costs nothing for the others. */
export interface CommandEntry {
  name: string;
  description: string;
  hidden?: boolean;
  load(context: CliContext): Promise<CommandDef>;
}

export const commands: readonly CommandEntry[] = [
  {
    name: "serve",
    description: "Serve the HTTP API and run workflows",
    load: async (context) => (await import("#cli/serve.ts")).serveCommand(context),
  },
  {
    name: "runner",
    description: "Run workflows without serving HTTP (beside `serve --no-runner`)",
    load: async (context) => (await import("#cli/runner.ts")).runnerCommand(context),
  },
  {
    name: "run",
    description: "Start a workflow, follow it here and answer its questions",
    load: async (context) => (await import("#cli/run.ts")).runCommand(context),
  },
  {
    name: "runs",
    description: "List runs; show, pause, resume or cancel one",
    load: async (context) => (await import("#cli/runs.ts")).runsCommand(context),
  },
  {
    name: "fork",
    description: "Start a new run from a run's state at a cursor, with other input or another version",
    load: async (context) => (await import("#cli/fork.ts")).forkCommand(context),
  },
  {
    name: "schedules",
    description: "List schedules; create, show, steer, change or end one",
    load: async (context) => (await import("#cli/schedules.ts")).schedulesCommand(context),
  },
  {
    name: "logs",
    description: "Print the ledger of a run, and follow it with -f",
    load: async (context) => (await import("#cli/logs.ts")).logsCommand(context),
  },
  {
    name: "tui",
    description: "Chat, answer, watch and steer runs in this terminal, here or at a gateway elsewhere",
    load: async (context) => (await import("#cli/tui.ts")).tuiCommand(context),
  },
  {
    name: "menubar",
    description: "Print the gateway's state for SwiftBar, xbar or Argos, and put it into the menu bar",
    load: async (context) => (await import("#cli/menubar.ts")).menubarCommand(context),
  },
  {
    name: "profiles",
    description: "List, save and remove gateways that `--profile` names",
    load: async (context) => (await import("#cli/profiles.ts")).profilesCommand(context),
  },
  {
    name: "email",
    description: "Run the email bridge by itself, also against a gateway elsewhere",
    load: async (context) => (await import("#cli/bridges.ts")).emailCommand(context),
  },
  {
    name: "telegram",
    description: "Run the Telegram bridge by itself, also against a gateway elsewhere",
    load: async (context) => (await import("#cli/bridges.ts")).telegramCommand(context),
  },
  {
    name: "verify",
    description: "Check the hash chains of the ledger",
    load: async (context) => (await import("#cli/verify.ts")).verifyCommand(context),
  },
  {
    name: "backup",
    description: "Copy the data folder consistently, beside a running gateway",
    load: async (context) => (await import("#cli/backup.ts")).backupCommand(context),
  },
  {
    name: "restore",
    description: "Check a backup and put it into a data folder",
    load: async (context) => (await import("#cli/backup.ts")).restoreCommand(context),
  },
  {
    name: "migrate",
    description: "Move a data folder of the Python gateway into this one's ledger",
    load: async (context) => (await import("#cli/migrate.ts")).migrateCommand(context),
  },
  {
    name: "export",
    description: "Write runs and their records as JSON lines",
    load: async (context) => (await import("#cli/export.ts")).exportCommand(context),
  },
  {
    name: "gc",
    description: "Remove what nobody needs any more: old runs, their states, unused files",
    load: async (context) => (await import("#cli/gc.ts")).gcCommand(context),
  },
  {
    name: "doctor",
    description: "Look for what is wrong with this installation, and say how to mend it",
    load: async (context) => (await import("#cli/doctor.ts")).doctorCommand(context),
  },
  {
    name: "bundle",
    description: "Pack, inspect, check, list and install workflow bundles",
    load: async (context) => (await import("#cli/bundle.ts")).bundleCommand(context),
  },
  {
    name: "models",
    description: "List, pull, load, unload and measure local models",
    load: async (context) => (await import("#cli/models.ts")).modelsCommand(context),
  },
  {
    name: "config",
    description: "Write a first configuration, show the one in force, set default models",
    load: async (context) => (await import("#cli/config.ts")).configCommand(context),
  },
  {
    name: "health",
    description: "Ask a gateway whether it is up (for health checks of containers)",
    load: async (context) => (await import("#cli/health.ts")).healthCommand(context),
  },
  {
    name: "self-check",
    description: "Try this executable: libraries, a run, and whether it can take over the data folder",
    load: async (context) => (await import("#cli/self-check.ts")).selfCheckCommand(context),
  },
  {
    name: "upgrade",
    description: "Replace this executable by a checked one, or bring the previous one back",
    load: async (context) => (await import("#cli/upgrade.ts")).upgradeCommand(context),
  },
  {
    name: "service",
    description: "Run the gateway as a service of this system: systemd or launchd",
    load: async (context) => (await import("#cli/service.ts")).serviceCommand(context),
  },
  {
    name: "check",
    description: "Unpack the native libraries and try each one",
    load: async (context) => (await import("#cli/check.ts")).checkCommand(context),
  },
  {
    name: "completions",
    description: "Print a completion script for bash, zsh or fish",
    load: async (context) => (await import("#cli/completions.ts")).completionsCommand(context),
  },
  {
    name: "licenses",
    description: "Print the licences of what others made and this executable holds",
    load: async (context) => (await import("#cli/licenses.ts")).licensesCommand(context),
  },
  {
    name: "version",
    description: "Print the version",
    load: async (context) => (await import("#cli/version.ts")).versionCommand(context),
  },
];
