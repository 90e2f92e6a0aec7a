import { afterAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const built = resolve(process.env["ABSTRACTGATEWAY_EXECUTABLE"] ?? "dist/abstractgateway");
const folder = await mkdtemp(join(tmpdir(), "gateway-self-upgrade-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const executable = join(folder, "abstractgateway");

function run(...args: string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([executable, ...args], {
    cwd: folder,
    env: { HOME: folder, PATH: process.env["PATH"] ?? "", NO_COLOR: "1" },
    stdout: "pipe",
    stderr: "pipe",
  });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

test.skipIf(!existsSync(built))(
  "the executable checks itself, upgrades itself and goes back",
  async () => {
    await copyFile(built, executable);
    const before = run("self-check", "--json");
    expect(before.stderr).toBe("");
    const findings = JSON.parse(before.stdout) as { name: string; level: string }[];
    expect(findings.map(({ name, level }) => `${name}: ${level}`)).toEqual([
      "executable: ok",
      "llama.cpp: ok",
      "LanceDB: ok",
      "run: ok",
      "data: ok",
    ]);
    const sum = new Bun.CryptoHasher("sha256").update(await Bun.file(built).arrayBuffer()).digest("hex");
    const refused = run("upgrade", built, "--sha256", sum.replace(/^./, sum.startsWith("0") ? "1" : "0"));
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain("is not what its checksum says");
    const upgraded = run("upgrade", built, "--sha256", sum);
    expect(upgraded.stderr).toBe("");
    expect(upgraded.stdout).toContain("restart it");
    expect(run("version").exitCode).toBe(0);
    expect(run("upgrade", "--rollback").stdout).toStartWith("Back to ");
  },
  120_000,
);
