import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { configInit } from "#config/init.ts";
import { AppError } from "#core/errors.ts";
import { agentLabel, launchdAgent } from "#cli/service/launchd-agent.ts";
import { systemDataDir, systemdUnit } from "#cli/service/systemd-unit.ts";

/** The machine as the commands see it, so that a test can own it. */
export interface ServiceHost {
  platform: NodeJS.Platform;
  userId: number;
  home: string;
  executable: string;
  /** Null when the program is not there. */
  run(command: string[]): { exitCode: number; output: string } | null;
  /** Folder in which the files of the system lie: `/`. */
  root: string;
}

export interface InstallOptions {
  dataDir: string | null;
  envFile: string | null;
  usesGpu: boolean;
}

export interface Plan {
  /** File of the service manager, and what goes into it. */
  path: string;
  text: string;
  envFile: string;
  dataDir: string;
  start: string[][];
  stop: string[][];
  status: string[];
}

const unitName = "abstractgateway.service";

/** What installing would write and run. AppError `unsupported` where there is no service manager that we know. */
export function planService(host: ServiceHost, options: InstallOptions): Plan {
  if (host.platform === "linux") return systemdPlan(host, options);
  if (host.platform === "darwin") return launchdPlan(host, options);
  throw new AppError("unsupported", "Services are installed on Linux (systemd) and macOS (launchd) only.");
}

function systemdPlan(host: ServiceHost, { dataDir, envFile, usesGpu }: InstallOptions): Plan {
  const isSystem = host.userId === 0;
  const config = isSystem ? join(host.root, "etc") : join(host.home, ".config");
  const file = envFile ?? join(config, "abstractgateway", "gateway.env");
  const control = ["systemctl", ...(isSystem ? [] : ["--user"])];
  const own = isSystem ? null : join(host.home, ".local", "share", "abstractgateway");
  return {
    path: join(config, "systemd", isSystem ? "system" : "user", unitName),
    text: systemdUnit({ executable: host.executable, envFile: file, isSystem, dataDir: dataDir ?? own, usesGpu }),
    envFile: file,
    dataDir: dataDir ?? own ?? systemDataDir,
    start: [
      [...control, "daemon-reload"],
      [...control, "enable", unitName],
      [...control, "restart", unitName],
    ],
    stop: [[...control, "disable", "--now", unitName]],
    status: [...control, "status", "--no-pager", unitName],
  };
}

function launchdPlan(host: ServiceHost, { dataDir, envFile }: InstallOptions): Plan {
  const support = join(host.home, "Library", "Application Support", "abstractgateway");
  const folder = dataDir ?? join(support, "data");
  const file = envFile ?? join(support, "gateway.env");
  const path = join(host.home, "Library", "LaunchAgents", `${agentLabel}.plist`);
  const logFile = join(host.home, "Library", "Logs", "abstractgateway.log");
  const domain = `gui/${host.userId}`;
  return {
    path,
    text: launchdAgent({ executable: host.executable, envFile: file, dataDir: folder, logFile }),
    envFile: file,
    dataDir: folder,
    start: [["launchctl", "bootstrap", domain, path]],
    stop: [["launchctl", "bootout", `${domain}/${agentLabel}`]],
    status: ["launchctl", "print", `${domain}/${agentLabel}`],
  };
}

/** Writes the service's file, and settings with a new token where there are none, then starts it. Answers whether settings were written. */
export async function installService(host: ServiceHost, plan: Plan): Promise<{ wroteSettings: boolean }> {
  const wroteSettings = !existsSync(plan.envFile);
  if (wroteSettings) {
    await mkdir(dirname(plan.envFile), { recursive: true, mode: 0o700 });
    await configInit({ cwd: dirname(plan.envFile), envFile: plan.envFile, dataDir: plan.dataDir });
  }
  // Of a system's service systemd makes the folder, for the service's user.
  if (plan.dataDir !== systemDataDir) await mkdir(plan.dataDir, { recursive: true, mode: 0o700 });
  await mkdir(dirname(plan.path), { recursive: true });
  const isUpdate = existsSync(plan.path);
  await writeFile(plan.path, plan.text, { mode: 0o644 });
  // launchd knows an agent once only.
  if (isUpdate && host.platform === "darwin") for (const command of plan.stop) host.run(command);
  for (const command of plan.start) mustRun(host, command);
  return { wroteSettings };
}

/** Stops the service and removes its file; settings and data stay. AppError `not_found` when there is none. */
export async function uninstallService(host: ServiceHost, plan: Plan): Promise<void> {
  if (!existsSync(plan.path)) throw new AppError("not_found", `There is no service: ${plan.path} does not exist.`);
  for (const command of plan.stop) mustRun(host, command);
  await rm(plan.path);
  if (host.platform === "linux") mustRun(host, plan.start[0] ?? []);
}

function mustRun(host: ServiceHost, command: string[]): void {
  const result = host.run(command);
  const line = command.join(" ");
  if (result === null) {
    throw new AppError("unavailable", `'${command[0]}' is not on this machine, so '${line}' could not be run.`);
  }
  if (result.exitCode !== 0) throw new AppError("unavailable", `'${line}' failed: ${result.output.trim()}`);
}
