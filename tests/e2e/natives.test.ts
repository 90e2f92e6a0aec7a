import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { chown, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { assembleBareRoot } from "../../build/container-root.ts";
import { startGateway } from "#fixtures/gateway.ts";

// Each cold start unpacks 230 MB, on a machine that may be busy.
setDefaultTimeout(60_000);

const executable = resolve(process.env["ABSTRACTGATEWAY_EXECUTABLE"] ?? "dist/abstractgateway");
const isBuilt = existsSync(executable);
if (!isBuilt) console.warn("The native libraries are not tried: this needs dist/abstractgateway.");

const isRoot = process.platform === "linux" && process.getuid?.() === 0;
const canMount = isBuilt && isRoot && Bun.spawnSync(["unshare", "--mount", "--pid", "--fork", "true"]).exitCode === 0;
if (!canMount)
  console.warn("Full disks, read-only and noexec folders and a bare root are not tried: this needs root and unshare.");

const made: string[] = [];
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gateway-natives-"));
  made.push(folder);
  return folder;
}

interface Check {
  name: string;
  unpacked: { folder: string; bytes: number } | null;
  problem: string | null;
}

interface Ended {
  exitCode: number;
  stdout: string;
  stderr: string;
}

async function run(command: string[], env: Record<string, string>, cwd = "/"): Promise<Ended> {
  const child = Bun.spawn(command, { cwd, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout = "", stderr = ""] = await Promise.all(
    [child.stdout, child.stderr].map((output) => new Response(output).text()),
  );
  return { exitCode: await child.exited, stdout, stderr };
}

/** With its own mounts, which end with it. `$1` is the executable. */
function runMounted(script: string, env: Record<string, string>): Promise<Ended> {
  const path = { PATH: process.env["PATH"] ?? "" };
  return run(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, "sh", executable], {
    ...path,
    ...env,
  });
}

function expectWorking({ exitCode, stdout, stderr }: Ended, cache: string): void {
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  const checks = JSON.parse(stdout) as Check[];
  expect(checks.map(({ name, problem }) => [name, problem])).toEqual([
    ["llama.cpp", null],
    ["LanceDB", null],
  ]);
  for (const { unpacked } of checks) expect(unpacked?.folder).toStartWith(join(cache, "native/"));
}

describe.skipIf(!isBuilt)("the executable", () => {
  test("runs a workflow in an empty folder with an empty environment", async () => {
    const cwd = await newFolder();
    const { exitCode, stderr } = await run([executable, "run", "hello", "--input", "name=Ada", "--json"], {}, cwd);
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
  });

  test("unpacks and uses its native libraries without a home, and leaves nothing where it was started", async () => {
    const [cwd, temporary] = [await newFolder(), await newFolder()];
    const ended = await run([executable, "check", "--json"], { TMPDIR: temporary }, cwd);
    expectWorking(ended, join(temporary, `abstractgateway-${process.getuid?.() ?? 0}`));
    expect(await readdir(cwd)).toEqual([]);
    // Bun would put a native file that it embedded itself there, at every start of another version.
    expect((await readdir(temporary)).filter((name) => name.endsWith(".node"))).toEqual([]);
  });

  test("says one line for each library", async () => {
    const home = await newFolder();
    const { exitCode, stdout } = await run([executable, "check"], { HOME: home, TMPDIR: home });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^llama\.cpp \S+ works: \d+ MB in .*\nLanceDB \S+ works: \d+ MB in .*\n$/);
  });

  test("started twice at once unpacks into one folder, and both work", async () => {
    const cache = await newFolder();
    const env = { ABSTRACTGATEWAY_CACHE_DIR: cache, TMPDIR: await newFolder() };
    const both = await Promise.all([1, 2].map(() => run([executable, "check", "--json"], env)));
    for (const ended of both) expectWorking(ended, cache);
    const folders = (await readdir(join(cache, "native"))).sort();
    expect(folders).toEqual([expect.stringMatching(/^lancedb-\w{16}$/), expect.stringMatching(/^llama-cpu-\w{16}$/)]);
  });

  test("names the variable to set, once per library, when it can unpack nowhere", async () => {
    const { exitCode, stdout, stderr } = await run([executable, "check"], { TMPDIR: "/proc", HOME: "/proc" });
    expect(exitCode).toBe(1);
    expect(stdout).toBe("");
    const lines = stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toMatch(/^error: .*ABSTRACTGATEWAY_CACHE_DIR$/);
  });
});

const isLinux = process.platform === "linux";

describe.skipIf(!isBuilt || !isLinux)("a serving gateway", () => {
  test("loads and unpacks no native library for a workflow that needs none", async () => {
    const cache = await newFolder();
    const gateway = await startGateway({ env: { ABSTRACTGATEWAY_CACHE_DIR: cache } });
    try {
      await gateway.until(await gateway.start("hello", { name: "Ada" }), "terminal");
      expect(await readFile(`/proc/${gateway.process.pid}/maps`, "utf8")).not.toMatch(/\.node\b|llama|lancedb/);
      expect(await readdir(cache)).toEqual([]);
    } finally {
      await gateway.close();
    }
  });
});

describe.skipIf(!canMount)("where the system is against it, the executable", () => {
  test("works in a root folder of nothing but the run-time libraries and /proc", async () => {
    const root = await newFolder();
    await assembleBareRoot(root, executable);
    const inside = `mount -t proc proc ${root}/proc && exec chroot ${root} /usr/local/bin/abstractgateway check --json`;
    expectWorking(await runMounted(inside, {}), "/tmp/abstractgateway-0");
  });

  test("unpacks into the folder for temporary files when the home is read-only", async () => {
    const [home, temporary] = [await newFolder(), await newFolder()];
    const readOnly = `mount -t tmpfs -o ro tmpfs ${home} && exec "$1" check --json`;
    const ended = await runMounted(readOnly, { HOME: home, TMPDIR: temporary });
    expectWorking(ended, join(temporary, "abstractgateway-0"));
  });

  test("works for a user without rights whose home is somebody else's", async () => {
    const [home, temporary] = [await newFolder(), await newFolder()];
    await chown(temporary, 4242, 4242);
    const unprivileged = `exec chroot --userspec=4242:4242 / "$1" check --json`;
    const ended = await runMounted(unprivileged, { HOME: home, TMPDIR: temporary });
    expectWorking(ended, join(temporary, "abstractgateway-4242"));
  });

  test("says that the disk is full, and leaves nothing on it", async () => {
    const disk = await newFolder();
    // 64 MB: enough for llama.cpp, not for LanceDB.
    const left = `find ${disk} '(' -type f -o -name '.*' ')' -not -path '*/llama-cpu-*'`;
    const full = `mount -t tmpfs -o size=64m tmpfs ${disk} && mkdir ${disk}/tmp && { "$1" check; code=$?; ${left}; exit $code; }`;
    const env = { ABSTRACTGATEWAY_CACHE_DIR: join(disk, "cache"), TMPDIR: join(disk, "tmp") };
    const { exitCode, stdout, stderr } = await runMounted(full, env);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: LanceDB .*ENOSPC: no space left on device.* ABSTRACTGATEWAY_CACHE_DIR\n$/);
    expect(stdout).toMatch(/^llama\.cpp \S+ works: .*\n$/);
  });

  test("names the variable to set when programs may not be run from the cache", async () => {
    const cache = await newFolder();
    const noexec = `mount -t tmpfs -o noexec tmpfs ${cache} && exec "$1" check`;
    const env = { ABSTRACTGATEWAY_CACHE_DIR: cache, TMPDIR: await newFolder() };
    const { exitCode, stdout, stderr } = await runMounted(noexec, env);
    expect(exitCode).toBe(1);
    expect(stdout).toBe("");
    const lines = stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    for (const line of lines)
      expect(line).toMatch(/^error: .*could not be loaded: .*noexec.*ABSTRACTGATEWAY_CACHE_DIR$/);
  });
});
