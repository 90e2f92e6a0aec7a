import { describe, expect, test } from "bun:test";
import { mkdtemp, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli, startCli } from "#fixtures/cli.ts";

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

describe("config init at a terminal", () => {
  test("asks for what no flag says, and an empty answer is the default", async () => {
    const cwd = await folder();
    const cli = await startCli(["config", "init", "--tool-mode", "local"], {
      cwd,
      isInteractive: true,
      keepOpen: true,
    });
    await cli.shows("Folder of everything that lasts");
    cli.stdin.write("./elsewhere\r");
    await cli.shows("Web pages that may call the gateway");
    cli.stdin.write("\r");
    const { exitCode, stderr } = await cli.done;
    expect(exitCode).toBe(0);
    expect(stderr).not.toContain("Tools that change");
    const text = await readFile(join(cwd, ".env"), "utf8");
    expect(text).toContain("ABSTRACTGATEWAY_DATA_DIR=./elsewhere\n");
    expect(text).toContain("ABSTRACTGATEWAY_FLOWS_DIR=./elsewhere/flows\n");
    expect(text).toContain("ABSTRACTGATEWAY_ALLOWED_ORIGINS=http://localhost:*,http://127.0.0.1:*\n");
    expect(text).toContain("ABSTRACTGATEWAY_TOOL_MODE=local\n");
  });

  test("keeps what is there unless the person says yes", async () => {
    const cwd = await folder();
    await runCli(["config", "init", "--auth-token", "first"], { cwd });
    const cli = await startCli(["config", "init"], { cwd, isInteractive: true, keepOpen: true });
    await cli.shows("Replace it?");
    cli.stdin.write("\r");
    expect(await cli.done).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("Nothing was written") });
    expect(await readFile(join(cwd, ".env"), "utf8")).toContain("=first");
  });

  test("asks nothing with --yes", async () => {
    const cwd = await folder();
    const { exitCode, stderr } = await runCli(["config", "init", "--yes"], { cwd, isInteractive: true });
    expect([exitCode, stderr]).toEqual([0, ""]);
  });
});

test("config init takes every flag of the contract, and refuses what the gateway would refuse", async () => {
  const cwd = await folder();
  const flags = [
    "--store-backend",
    "sqlite",
    "--workflow-source",
    "bundle",
    "--memory-backend",
    "memory",
    "--no-runner",
  ];
  const { exitCode } = await runCli(["config", "init", ...flags, "--max-attachment-bytes", "1000"], { cwd });
  expect(exitCode).toBe(0);
  const text = await readFile(join(cwd, ".env"), "utf8");
  for (const line of ["MEMORY_STORE_BACKEND=memory", "RUNNER=0", "MAX_ATTACHMENT_BYTES=1000"]) {
    expect(text).toContain(`ABSTRACTGATEWAY_${line}\n`);
  }
  const refused = await runCli(["config", "init", "--workflow-source", "visualflow"], { cwd: await folder() });
  expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("must be one of bundle") });
});

test("config init with the file store names no database", async () => {
  const cwd = await folder();
  expect((await runCli(["config", "init", "--store-backend", "file"], { cwd })).exitCode).toBe(0);
  const text = await readFile(join(cwd, ".env"), "utf8");
  expect(text).toContain("ABSTRACTGATEWAY_STORE_BACKEND=file\n");
  expect(text).not.toContain("DB_PATH");
});

test("set-default takes options one by one, whose values may be JSON with commas", async () => {
  const cwd = await folder();
  const named = ["--provider", "local", "--model", "small", "--json"];
  const options = ["--option", 'stop=["a","b"]', "--option", "temperature=0.5", "--option=voice=anna,low"];
  const { stdout } = await runCli(["config", "set-default", "input.text", ...named, ...options], { cwd });
  expect(JSON.parse(stdout).options).toMatchObject({ stop: ["a", "b"], voice: "anna,low" });
  for (const wrong of [
    ["--option", "stop"],
    ["--base-url", "http://x"],
  ]) {
    const refused = await runCli(["config", "set-default", "input.text", ...named, ...wrong], { cwd });
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(wrong[0] ?? "") });
  }
});

describe("config get", () => {
  const env = { ABSTRACTGATEWAY_PORT: "9", ABSTRACTGATEWAY_AUTH_TOKEN: "do-not-show", OPENAI_API_KEY: "do-not-show" };

  test("prints one value by any of its names", async () => {
    for (const name of ["port", "PORT", "ABSTRACTGATEWAY_PORT", "ABSTRACTFLOW_GATEWAY_PORT"]) {
      expect((await runCli(["config", "get", name], { env })).stdout).toBe("9\n");
    }
    expect((await runCli(["config", "get", "MAX_SSE"], { env })).stdout).toBe("4096\n");
    expect((await runCli(["config", "get", "OPENAI_API_KEY"], { env })).stdout).toBe("(set)\n");
  });

  test("leaves passwords out of addresses", async () => {
    const at = { OPENAI_BASE_URL: "http://ada:secret@lab:8000/v1" };
    expect((await runCli(["config", "get", "OPENAI_BASE_URL"], { env: at })).stdout).toBe("http://lab:8000/v1\n");
  });

  test("says where a value comes from and what else it may be", async () => {
    const cwd = await folder();
    await runCli(["config", "init", "--tool-mode", "local"], { cwd });
    const { stdout } = await runCli(["config", "get", "TOOL_MODE", "--json"], { cwd });
    expect(JSON.parse(stdout)).toMatchObject({
      name: "ABSTRACTGATEWAY_TOOL_MODE",
      value: "local",
      source: ".env",
      default: "approval",
      allowed: "approval, passthrough, delegated, local",
    });
  });

  test("prints all of them, and no secret", async () => {
    const { stdout } = await runCli(["config", "get"], { env });
    expect(stdout).toMatch(/^ABSTRACTGATEWAY_PORT +9 +environment$/m);
    expect(stdout).toMatch(/^ABSTRACTGATEWAY_MAX_SSE +4096 +default$/m);
    expect(stdout).not.toContain("do-not-show");
  });

  test("names the nearest setting, and a value that would stop the gateway", async () => {
    const unknown = await runCli(["config", "get", "PROT"], {});
    expect(unknown).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("did you mean ABSTRACTGATEWAY_PORT?"),
    });
    const refused = await runCli(["config", "get", "HOST"], { env: { ABSTRACTGATEWAY_PORT: "many" } });
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("ABSTRACTGATEWAY_PORT must be") });
  });
});

describe("config status", () => {
  test("is what `config` alone shows, with the models that were set, and points out names that nobody reads", async () => {
    const cwd = await folder();
    await runCli(["config", "set-default", "input.text", "--provider", "local", "--model", "small"], { cwd });
    const env = { ABSTRACTGATEWAY_PROT: "1" };
    for (const args of [["config"], ["config", "status"]]) {
      const { exitCode, stdout, stderr } = await runCli(args, { cwd, env });
      expect(exitCode).toBe(0);
      expect(stdout).toContain("- capability_defaults:\n  - input.text: local/small");
      expect(stderr).toContain("did you mean ABSTRACTGATEWAY_PORT?");
    }
    const json = JSON.parse((await runCli(["config", "--json"], { cwd, env })).stdout);
    expect(json.memory).toEqual({
      backend: "lancedb",
      path: expect.stringContaining(join(cwd, "runtime")),
      require_vector: false,
    });
    expect(json).toMatchObject({
      capability_defaults: { "input.text": { provider: "local", model: "small" } },
      warnings: ["ABSTRACTGATEWAY_PROT is not a setting: did you mean ABSTRACTGATEWAY_PORT?"],
    });
  });

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
    "size=512",
    "--option",
    "style=flat",
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
