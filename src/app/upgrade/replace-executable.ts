import { existsSync } from "node:fs";
import { link, rename, rm } from "node:fs/promises";
import { AppError, messageOf } from "#core/errors.ts";
import { type Source, obtainExecutable } from "#app/upgrade/new-executable.ts";

export interface Replacement {
  /** As its own `version` says. */
  from: string;
  to: string;
  /** Where the replaced one is kept. */
  previous: string;
}

export interface UpgradeOptions extends Source {
  /** The one that is replaced. */
  executable: string;
  /** Options with which the new one finds the data folder. */
  settingsArgs: string[];
  cwd: string;
}

/**
 * Puts a new executable into the place of one: checked by its checksum, then by itself beside the old one, then swapped in with one rename. The
 * old one is kept, and comes back when the new one does not run in its place. Processes that run go on with what they have.
 */
export async function upgradeExecutable(options: UpgradeOptions): Promise<Replacement> {
  const { executable, settingsArgs, cwd } = options;
  const candidate = `${executable}.new-${process.pid}`;
  const previous = previousOf(executable);
  try {
    await obtainExecutable(options, candidate);
    const from = versionOf(executable, cwd) ?? "unknown";
    const to = versionOf(candidate, cwd);
    if (to === null) throw new AppError("unprocessable", `${options.from} is no abstractgateway that runs here.`);
    checkItself(candidate, settingsArgs, cwd);
    await swapIn(candidate, executable);
    if (versionOf(executable, cwd) !== to) {
      await rename(previous, executable);
      throw new AppError("unprocessable", "The new executable does not run in its place: the previous one is back.");
    }
    return { from, to, previous };
  } finally {
    await rm(candidate, { force: true });
  }
}

/** Changes the executable and the one before it. AppError `not_found` when none was kept. */
export async function rollBack(executable: string, cwd: string): Promise<Replacement> {
  const previous = previousOf(executable);
  if (!existsSync(previous))
    throw new AppError("not_found", `There is no previous executable: ${previous} does not exist.`);
  const [from, to] = [versionOf(executable, cwd), versionOf(previous, cwd)];
  if (to === null) throw new AppError("unprocessable", `${previous} does not run here.`);
  const aside = `${executable}.new-${process.pid}`;
  await rename(previous, aside);
  await swapIn(aside, executable);
  return { from: from ?? "unknown", to, previous };
}

function previousOf(executable: string): string {
  return `${executable}.previous`;
}

/** `executable` is there at every moment, but on Windows, where a running program can be moved and not replaced. */
async function swapIn(candidate: string, executable: string): Promise<void> {
  const previous = previousOf(executable);
  try {
    await rm(previous, { force: true });
    if (process.platform === "win32") await rename(executable, previous);
    else await link(executable, previous);
    await rename(candidate, executable);
  } catch (error) {
    if (!existsSync(executable) && existsSync(previous)) await rename(previous, executable);
    throw new AppError("storage", `${executable} could not be replaced: ${messageOf(error)}`, { cause: error });
  }
}

function versionOf(executable: string, cwd: string): string | null {
  const { exitCode, stdout } = run([executable, "version", "--json"], cwd);
  try {
    const { version, commit } = JSON.parse(stdout) as { version: string; commit: string | null };
    return exitCode === 0 ? `${version} (${commit?.slice(0, 8) ?? "from sources"})` : null;
  } catch {
    return null;
  }
}

function checkItself(candidate: string, settingsArgs: string[], cwd: string): void {
  const { exitCode, stdout, stderr } = run([candidate, "self-check", "--json", ...settingsArgs], cwd);
  if (exitCode === 0) return;
  throw new AppError(
    "unprocessable",
    `The new executable does not work here, so the old one stays: ${trouble(stdout) ?? stderr.trim()}`,
  );
}

function trouble(stdout: string): string | null {
  try {
    const findings = JSON.parse(stdout) as { level: string; message: string }[];
    return findings.find(({ level }) => level === "fail")?.message ?? null;
  } catch {
    return null;
  }
}

function run(command: string[], cwd: string) {
  try {
    const { exitCode, stdout, stderr } = Bun.spawnSync(command, {
      cwd,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
  } catch (error) {
    // Built for another system.
    return { exitCode: 126, stdout: "", stderr: messageOf(error) };
  }
}
