import { expect, test } from "bun:test";
import { mkdtemp, readFile, readdir, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeSettings, describeText } from "#config/describe.ts";
import { configInit } from "#config/init.ts";
import { loadConfiguration, loadSettings } from "#config/load.ts";

const folder = () => mkdtemp(join(tmpdir(), "config-init-"));

test("init writes the keys in the contract's order, for its owner only, with a fresh token", async () => {
  const cwd = await folder();
  const { path, token } = await configInit({ cwd });
  expect(path).toBe(join(cwd, ".env"));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const lines = (await readFile(path, "utf8")).split("\n");
  expect(lines.slice(0, 3).every((line) => line.startsWith("# "))).toBe(true);
  expect(lines.slice(3, -1)).toEqual([
    `ABSTRACTGATEWAY_AUTH_TOKEN=${token}`,
    "ABSTRACTGATEWAY_ALLOWED_ORIGINS=http://localhost:*,http://127.0.0.1:*",
    "ABSTRACTGATEWAY_DATA_DIR=./runtime",
    "ABSTRACTGATEWAY_FLOWS_DIR=./runtime/flows",
    "ABSTRACTGATEWAY_WORKFLOW_SOURCE=bundle",
    "ABSTRACTGATEWAY_STORE_BACKEND=sqlite",
    "ABSTRACTGATEWAY_DB_PATH=./runtime/gateway.sqlite3",
    "ABSTRACTGATEWAY_RUNNER=1",
    "ABSTRACTGATEWAY_TOOL_MODE=approval",
    "ABSTRACTGATEWAY_MAX_ATTACHMENT_BYTES=26214400",
    "ABSTRACTGATEWAY_MEMORY_STORE_BACKEND=lancedb",
  ]);
  expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect((await configInit({ cwd: await folder() })).token).not.toBe(token);
});

test("what init writes is what the gateway reads, without a warning, and the same as its defaults", async () => {
  const cwd = await folder();
  const { token } = await configInit({ cwd });
  const { settings, warnings } = loadConfiguration({ env: {}, cwd });
  expect(warnings).toEqual([]);
  const preset = loadSettings({ env: {}, cwd, envFile: null });
  expect(settings).toEqual({ ...preset, auth: { ...preset.auth, tokens: [token] } });
});

test("init takes what it is given", async () => {
  const cwd = await folder();
  const options = {
    authToken: "my token",
    allowedOrigins: "https://a",
    dataDir: "./my data",
    flowsDir: "./f",
    runner: false,
    toolMode: "local",
  };
  await configInit({ cwd, envFile: "x.env", ...options });
  const settings = loadSettings({ env: {}, cwd, envFile: join(cwd, "x.env") });
  expect(settings).toMatchObject({
    dataDir: join(cwd, "my data"),
    flowsDir: join(cwd, "f"),
    dbPath: join(cwd, "my data/gateway.sqlite3"),
    runner: false,
    toolMode: "local",
    auth: { tokens: ["my token"], allowedOrigins: ["https://a"] },
  });
});

test("init replaces nothing unless it is told to, be it a dangling link", async () => {
  const cwd = await folder();
  await configInit({ cwd, authToken: "first" });
  await expect(configInit({ cwd })).rejects.toMatchObject({ code: "conflict" });
  expect(await readFile(join(cwd, ".env"), "utf8")).toContain("TOKEN=first");
  await configInit({ cwd, authToken: "second", force: true });
  expect(await readFile(join(cwd, ".env"), "utf8")).toContain("TOKEN=second");
  await symlink(join(cwd, "nowhere"), join(cwd, "link.env"));
  await expect(configInit({ cwd, envFile: "link.env" })).rejects.toMatchObject({ code: "conflict" });
});

test("init writes nothing that the gateway would not start with", async () => {
  const cwd = await folder();
  await expect(configInit({ cwd, toolMode: "free" })).rejects.toThrow("ABSTRACTGATEWAY_TOOL_MODE must be one of");
  await expect(configInit({ cwd, dbPath: "/elsewhere.sqlite3" })).rejects.toThrow("must lie under the data folder");
  await expect(configInit({ cwd, envFile: "no/such/folder/.env" })).rejects.toMatchObject({ code: "storage" });
  expect(await readdir(cwd)).toEqual([]);
});

test("the status shows what is in force and no secret", async () => {
  const cwd = await folder();
  const settings = loadSettings({
    env: {
      ABSTRACTGATEWAY_AUTH_TOKEN: "top-secret-token",
      OPENAI_BASE_URL: "https://ann:top-secret-password@lab/v1",
      OPENAI_API_KEY: "top-secret-key",
    },
    cwd,
  });
  const shown = describeSettings(settings);
  expect(shown.gateway).toMatchObject({
    auth_configured: true,
    data_dir: join(cwd, "runtime"),
    store_backend: "sqlite",
  });
  expect(shown.models.endpoints).toEqual([{ api_key_set: true, base_url: "https://lab/v1", id: "openai-compatible" }]);
  for (const part of [shown, shown.gateway, shown.models]) expect(Object.keys(part)).toEqual(Object.keys(part).sort());
  const text = describeText(settings);
  expect(text.split("\n").slice(0, 6)).toEqual([
    "AbstractGateway configuration status",
    `- data_dir: ${join(cwd, "runtime")}`,
    `- flows_dir: ${join(cwd, "runtime/flows")}`,
    `- store_backend: sqlite (${join(cwd, "runtime/gateway.sqlite3")})`,
    "- runner_enabled: true",
    "- gateway_auth_configured: true",
  ]);
  expect(text).toContain("- endpoint openai-compatible: https://lab/v1 (key set)");
  for (const output of [text, JSON.stringify(shown)]) expect(output).not.toContain("top-secret");
});

test("the status says how to get a token when there is none", async () => {
  const settings = loadSettings({ env: {}, cwd: await folder() });
  expect(describeText(settings)).toContain("`abstractgateway config init` writes one");
});
