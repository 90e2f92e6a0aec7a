import { existsSync } from "node:fs";
import { open, rm, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Check, type Finding, fail, ok, warn } from "#app/doctor/finding.ts";
import { type Probed, probeLedger } from "#app/doctor/probe.ts";
import { ledgerPath } from "#config/ledger-path.ts";
import { messageOf } from "#core/errors.ts";
import { isoTime, parseTime } from "#core/time.ts";

const minute = 60_000;
const megabyte = 1e6;
/** Below this a gateway will soon stop; below the second one it nearly has. */
const lowDiskBytes = 1000 * megabyte;
const fullDiskBytes = 50 * megabyte;
/** A commit waits for one flush. Spinning disks take about 10 ms; beyond this something is wrong. */
const slowFlushMs = 50;
const largeLogBytes = 256 * megabyte;

/** Linux's magic numbers (statfs(2)) of file systems whose locks or shared memory SQLite cannot rely on. */
const networkFileSystems: Record<number, string> = {
  0x6969: "NFS",
  0xff534d42: "CIFS",
  0xfe534d42: "SMB",
  0x01021997: "9P",
};

export const checkDataFolder: Check = async ({ settings: { dataDir } }) => {
  const name = "data folder";
  if (!existsSync(dataDir)) {
    const parent = nearestFolder(dataDir);
    const problem = await writeProblem(parent);
    if (problem)
      return [fail(name, `${dataDir} cannot be made: ${problem}`, `Give this user the right to write ${parent}`)];
    return [ok(name, `${dataDir} will be made at the first start`), ...(await checkDisk(parent))];
  }
  const from = performance.now();
  const problem = await writeProblem(dataDir);
  if (problem) {
    return [
      fail(
        name,
        `${dataDir} cannot be written: ${problem}`,
        "Start as the folder's owner, or change its owner with chown",
      ),
    ];
  }
  const flushMs = Math.round(performance.now() - from);
  const findings = [ok(name, `${dataDir} can be written; a flush takes ${flushMs} ms`)];
  if (flushMs > slowFlushMs) {
    findings.push(
      warn(
        "disk speed",
        `A flush to the disk takes ${flushMs} ms: every commit waits for one`,
        "Move the data folder to a local SSD",
      ),
    );
  }
  return [...findings, ...(await checkMode(dataDir)), ...(await checkDisk(dataDir))];
};

async function checkMode(dataDir: string): Promise<Finding[]> {
  if (process.platform === "win32") return [];
  const { mode } = await stat(dataDir);
  if ((mode & 0o077) === 0) return [];
  const octal = (mode & 0o777).toString(8);
  return [warn("permissions", `Other users may look into ${dataDir} (mode ${octal})`, `chmod 700 ${dataDir}`)];
}

async function checkDisk(folder: string): Promise<Finding[]> {
  const { bavail, bsize, type } = await statfs(folder);
  const free = bavail * bsize;
  const text = `${Math.floor(free / megabyte)} MB are free at ${folder}`;
  const fix = "Free some space, or move the data folder with ABSTRACTGATEWAY_DATA_DIR";
  const findings = [
    free < fullDiskBytes ? fail("disk", text, fix) : free < lowDiskBytes ? warn("disk", text, fix) : ok("disk", text),
  ];
  const network = process.platform === "linux" ? networkFileSystems[type] : undefined;
  if (network) {
    findings.push(
      fail("file system", `${folder} lies on ${network}, where SQLite's locks cannot be trusted`, "Use a local disk"),
    );
  }
  return findings;
}

export const checkLedger: Check = async ({ settings, nowMs }) => {
  const path = ledgerPath(settings);
  if (!existsSync(path)) return [ok("ledger", "None yet: the first start makes it")];
  try {
    const probed = await probeLedger(settings);
    return [...soundness(probed), ...(await checkLog(path)), ...clock(probed, nowMs)];
  } catch (error) {
    return [fail("ledger", `${path}: ${messageOf(error)}`, restoreFix)];
  }
};

const restoreFix = "Restore the last backup: `abstractgateway restore`";

function soundness({ bytes, runs, damage }: Probed): Finding[] {
  const name = "ledger";
  const size = `${(bytes / megabyte).toFixed(1)} MB, ${runs} runs`;
  if (damage === undefined) return [ok(name, `${size}; \`abstractgateway verify\` reads it from end to end`)];
  return [damage === null ? ok(name, `${size}, sound`) : fail(name, `The ledger is damaged: ${damage}`, restoreFix)];
}

async function checkLog(path: string): Promise<Finding[]> {
  const log = await stat(`${path}-wal`).catch(() => null);
  if (!log || log.size <= largeLogBytes) return [];
  const text = `The write-ahead log has grown to ${Math.round(log.size / megabyte)} MB: some program keeps the ledger open for reading`;
  return [warn("ledger log", text, "End programs that read the database file, such as a forgotten sqlite3 shell")];
}

function clock({ lastUpdate: last }: Probed, nowMs: number): Finding[] {
  if (last === null || parseTime(last) <= nowMs + minute) return [];
  const text = `The clock says ${isoTime(nowMs).slice(0, 19)}, but the ledger's last entry is from ${last.slice(0, 19)}`;
  return [fail("clock", text, "Set the clock (systemd-timesyncd, chrony): timers and schedules follow it")];
}

function nearestFolder(path: string): string {
  let folder = path;
  while (!existsSync(folder)) folder = dirname(folder);
  return folder;
}

async function writeProblem(folder: string): Promise<string | null> {
  const path = join(folder, `.doctor-${crypto.randomUUID()}.tmp`);
  try {
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile("x");
      await file.sync();
    } finally {
      await file.close();
      await rm(path);
    }
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
