import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { root } from "./paths.ts";
import { type Target, integrities } from "./targets.ts";

export interface PackageOf {
  name: string;
  version: string;
  target: Pick<Target, "os" | "cpu">;
}

/**
 * Folder above `node_modules/<name>` of just this version: the repository's own where it is installed there, else one in the cache, which is
 * fetched once and checked. Throws with the package's name.
 */
export async function packageHome(wanted: PackageOf): Promise<string> {
  const { name, version } = wanted;
  if ((await versionIn(root, name)) === version) return root;
  const home = join(root, ".cache", "natives", `${name.replace("/", "+")}@${version}`);
  if (!existsSync(home)) await fetchPackage(wanted, home);
  return home;
}

async function versionIn(home: string, name: string): Promise<string | null> {
  try {
    const manifest = await readFile(join(home, "node_modules", name, "package.json"), "utf8");
    return (JSON.parse(manifest) as { version: string }).version;
  } catch {
    return null;
  }
}

async function fetchPackage({ name, version, target }: PackageOf, home: string): Promise<void> {
  const expected = await integrityOf(name, version);
  await mkdir(dirname(home), { recursive: true });
  const folder = await mkdtemp(join(dirname(home), ".fetching-"));
  try {
    const manifest = { name: "natives", private: true, dependencies: { [name]: version } };
    await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
    const platform = ["--os", target.os, "--cpu", target.cpu];
    const install = Bun.spawnSync(
      [process.execPath, "install", "--ignore-scripts", "--omit=optional", "--omit=peer", ...platform],
      { cwd: folder, stdout: "pipe", stderr: "pipe" },
    );
    const isThere = (await versionIn(folder, name)) === version;
    if (install.exitCode !== 0 || !isThere)
      throw new Error(`${name}@${version} could not be installed: ${install.stderr.toString().trim()}`);
    const found = integrityIn(await readFile(join(folder, "bun.lock"), "utf8"), name);
    if (found !== expected) throw new Error(`${name}@${version} is not what it was: ${found} instead of ${expected}`);
    // Only the package itself: what it depends on is the repository's, in the versions of its lock file.
    const kept = join(folder, "kept", "node_modules", name);
    await mkdir(dirname(kept), { recursive: true });
    await rename(join(folder, "node_modules", name), kept);
    await rename(join(folder, "kept"), home);
  } catch (error) {
    // Another build may have been quicker.
    if (!existsSync(home)) throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function integrityOf(name: string, version: string): Promise<string> {
  const pinned = integrities[`${name}@${version}`];
  if (pinned !== undefined) return pinned;
  const lock = await readFile(join(root, "bun.lock"), "utf8");
  const line = lineOf(lock, name);
  const locked = line?.includes(`["${name}@${version}"`) ? integrityIn(lock, name) : null;
  if (locked) return locked;
  throw new Error(`${name}@${version} has no checksum: add it to build/targets.ts`);
}

function integrityIn(lock: string, name: string): string | null {
  return /"(sha512-[^"]+)"\],?$/.exec(lineOf(lock, name) ?? "")?.[1] ?? null;
}

function lineOf(lock: string, name: string): string | undefined {
  return lock.split("\n").find((line) => line.trimStart().startsWith(`"${name}": [`));
}
