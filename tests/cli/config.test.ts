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

test("a default model is set, shown and forgotten, without a gateway", async () => {
  const cwd = await mkdtemp(join(tmpdir(), "gateway-defaults-"));
  const cli = (...args: string[]) => runCli(["config", ...args], { cwd });
  const set = await cli(
    "set-default",
    "output.image",
    "--provider",
    "lab",
    "--model",
    "p1",
    "--option",
    "size=512,style=flat",
  );
  expect(set).toMatchObject({ exitCode: 0, stdout: "output.image is lab/p1.\n" });
  const shown = JSON.parse((await cli("defaults", "--json")).stdout);
  const route = (key: string) => shown.find((each: { key: string }) => each.key === key);
  expect(route("output.image")).toMatchObject({ provider: "lab", model: "p1", options: { size: 512, style: "flat" } });
  expect(route("input.text")).toMatchObject({ provider: null });
  expect((await cli("defaults")).stdout).toMatch(/^output\.image +lab\/p1$/m);
  expect((await cli("set-default", "output.image", "--model", "p2")).stdout).toBe("output.image is lab/p2.\n");
  expect((await cli("clear-default", "output.image")).exitCode).toBe(0);
  expect((await cli("defaults")).stdout).not.toContain("lab");
  for (const [args, message] of [
    [["set-default", "input.smell", "--provider", "a", "--model", "b"], /'input.smell' is no capability route/],
    [["set-default", "input.text", "--provider", "a"], /needs a provider and a model/],
    [["set-default", "input.text", "--provider", "a", "--model", "b", "--option", "x"], /must be name=value/],
  ] as const) {
    const refused = await cli(...args);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toMatch(message);
  }
});
