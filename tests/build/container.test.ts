import { afterAll, describe, expect, test } from "bun:test";
import { chownSync, existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { assembleContainerRoot, containerUser } from "../../build/container-root.ts";
import { executable } from "../../build/paths.ts";

// A container is a root folder, a user and /proc: with root rights the same can be had here without an engine.
const isRoot = process.platform === "linux" && process.getuid?.() === 0;
const canRun = isRoot && existsSync(executable) && Bun.which("chroot") !== null && Bun.which("unshare") !== null;
if (!canRun)
  console.warn("The container's root is not tried: this needs root, unshare, chroot and dist/abstractgateway.");

const token = "token-of-the-container-test-0123456789";
const folder = await mkdtemp(join(tmpdir(), "gateway-container-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The command in the image's root, as its user, with its own /proc and the image's environment. */
function inContainer(...args: string[]): string[] {
  const user = `${containerUser.id}:${containerUser.id}`;
  const inside = `mount -t proc proc ${folder}/proc && exec chroot --userspec=${user} ${folder} /usr/local/bin/abstractgateway "$@"`;
  return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", inside, "sh", ...args];
}

const env = {
  HOME: "/data",
  PATH: process.env["PATH"] ?? "",
  ABSTRACTGATEWAY_DATA_DIR: "/data",
  ABSTRACTGATEWAY_AUTH_TOKEN: token,
  NO_COLOR: "1",
};

function run(...args: string[]) {
  const result = Bun.spawnSync(inContainer(...args), {
    env,
    cwd: "/",
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: 30_000,
    killSignal: "SIGKILL",
  });
  return { exitCode: result.exitCode, stdout: result.stdout.toString(), stderr: result.stderr.toString() };
}

const canMount = canRun && Bun.spawnSync(["unshare", "--mount", "--pid", "--fork", "true"]).exitCode === 0;

describe.skipIf(!canMount)("the image's root", () => {
  test("holds all that the executable needs, as a user without rights", async () => {
    await assembleContainerRoot(folder);
    await mkdir(join(folder, "data"), { mode: 0o700 });
    chownSync(join(folder, "data"), containerUser.id, containerUser.id);
    const { exitCode, stdout, stderr } = run("version", "--json");
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ bun: Bun.version });
  });

  test("runs the sample workflow on its data volume", () => {
    const { exitCode, stderr } = run("run", "hello", "--input", "name=world", "--json");
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(existsSync(join(folder, "data/gateway.sqlite3"))).toBe(true);
  });

  test("unpacks and uses its native libraries on its data volume", () => {
    const { exitCode, stdout, stderr } = run("check", "--json");
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    const folders = (JSON.parse(stdout) as { unpacked: { folder: string } }[]).map(({ unpacked }) => unpacked.folder);
    expect(folders).toHaveLength(2);
    for (const each of folders) expect(each).toStartWith("/data/.cache/abstractgateway/native/");
  });

  test("says that it is unhealthy when nothing serves", () => {
    expect(run("health").exitCode).toBe(69);
  });
});

test("the Dockerfile has a user, a volume, a health check by the executable, and no registry", async () => {
  const text = await readFile(resolve(import.meta.dirname, "../../Dockerfile"), "utf8");
  expect(text).toContain(`USER ${containerUser.id}:${containerUser.id}`);
  expect(text).toContain("VOLUME /data");
  expect(text).toMatch(/HEALTHCHECK .* CMD \["\/usr\/local\/bin\/abstractgateway", "health"\]/);
  for (const [, image] of text.matchAll(/^FROM (\S+)/gm)) expect(image).toMatch(/^(scratch|[a-z]+:[\w.-]+)$/);
});
