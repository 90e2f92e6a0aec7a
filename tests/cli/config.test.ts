import { describe, expect, test } from "bun:test";
import { mkdtemp, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "#fixtures/cli.ts";

const folder = () => mkdtemp(join(tmpdir(), "gateway-config-"));

describe("config init", () => {
  test("writes a file for its owner only, with a token that it does not print", async () => {
    const cwd = await folder();
    const { exitCode, stdout } = await runCli(["config", "init"], { cwd });
    expect(exitCode).toBe(0);
    const path = join(cwd, ".env");
    expect(stdout).toStartWith(`Wrote ${path}\n`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const token = /^ABSTRACTGATEWAY_AUTH_TOKEN=(\S{40,})$/m.exec(await readFile(path, "utf8"))?.[1] ?? "";
    expect(token).not.toBe("");
    expect(stdout).not.toContain(token);
  });

  test("does not replace a file without --force", async () => {
    const cwd = await folder();
    await runCli(["config", "init", "--auth-token", "first"], { cwd });
    const refused = await runCli(["config", "init"], { cwd });
    expect(refused.exitCode).toBe(75);
    expect(refused.stderr).toContain("--force");
    expect(await readFile(join(cwd, ".env"), "utf8")).toContain("=first");
    expect((await runCli(["config", "init", "--force", "--auth-token", "second"], { cwd })).exitCode).toBe(0);
    expect(await readFile(join(cwd, ".env"), "utf8")).toContain("=second");
  });

  test("what it writes is what the other commands read", async () => {
    const cwd = await folder();
    await runCli(["config", "init", "--data-dir", "./here", "--env-file", "gateway.env"], { cwd });
    const { stdout } = await runCli(["config", "status", "--json", "--env-file", "gateway.env"], { cwd });
    expect(JSON.parse(stdout).gateway).toMatchObject({ data_dir: join(cwd, "here"), auth_configured: true });
  });
});

describe("config status", () => {
  test("shows what is in force and no secret", async () => {
    const env = { ABSTRACTGATEWAY_AUTH_TOKEN: "do-not-show-this-token" };
    for (const args of [
      ["config", "status"],
      ["config", "status", "--json"],
    ]) {
      const { exitCode, stdout } = await runCli(args, { env });
      expect(exitCode).toBe(0);
      expect(stdout).toContain("data_dir");
      expect(stdout).not.toContain("do-not-show");
    }
  });

  test("a setting that makes no sense is one sentence that names it", async () => {
    const { exitCode, stderr } = await runCli(["config", "status"], { env: { ABSTRACTGATEWAY_PORT: "many" } });
    expect(exitCode).toBe(2);
    expect(stderr).toContain("ABSTRACTGATEWAY_PORT");
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  test("a settings file that is named must exist", async () => {
    const { exitCode, stderr } = await runCli(["config", "status", "--env-file", "missing.env"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("missing.env cannot be read");
  });
});
