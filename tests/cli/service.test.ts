import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "citty";
import type { CliContext } from "#cli/context.ts";
import { serviceCommand } from "#cli/service.ts";
import type { ServiceHost } from "#cli/service/service-manager.ts";
import { systemdUnit } from "#cli/service/systemd-unit.ts";
import { rejection } from "#fixtures/rejection.ts";

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

interface Machine {
  root: string;
  ran: string[];
  service(...args: string[]): Promise<{ stdout: string; exitCode: number }>;
}

/** A machine whose service manager is written down instead of asked. */
async function machine(options: Partial<ServiceHost> = {}): Promise<Machine> {
  const root = await mkdtemp(join(tmpdir(), "gateway-service-"));
  folders.push(root);
  const ran: string[] = [];
  const host: ServiceHost = {
    platform: "linux",
    userId: 0,
    home: join(root, "home"),
    executable: "/usr/local/bin/abstractgateway",
    root,
    run: (command) => (ran.push(command.join(" ")), { exitCode: 0, output: "active\n" }),
    ...options,
  };
  return {
    root,
    ran,
    async service(...args) {
      let stdout = "";
      const context = { cwd: root, exitCode: 0, stdout: { write: (text: string) => (stdout += text) } };
      const command = serviceCommand(context as unknown as CliContext, host);
      await runCommand(command, { rawArgs: args });
      return { stdout, exitCode: context.exitCode };
    },
  };
}

test("installing for the system writes the unit and settings with a token that only root reads, then starts it", async () => {
  const { root, ran, service } = await machine();
  const { stdout } = await service("install");
  expect(stdout).toContain("written, with a new token");
  const settings = join(root, "etc/abstractgateway/gateway.env");
  expect(statSync(settings).mode & 0o777).toBe(0o600);
  const text = readFileSync(settings, "utf8");
  expect(text).toMatch(/^ABSTRACTGATEWAY_AUTH_TOKEN=[\w-]{43}$/m);
  expect(text).toContain("ABSTRACTGATEWAY_DATA_DIR=/var/lib/abstractgateway");
  const unit = readFileSync(join(root, "etc/systemd/system/abstractgateway.service"), "utf8");
  expect(unit).toContain(`EnvironmentFile=${settings}\n`);
  expect(unit).toContain("ExecStart=/usr/local/bin/abstractgateway serve --data-dir /var/lib/abstractgateway\n");
  expect(ran).toEqual([
    "systemctl daemon-reload",
    "systemctl enable abstractgateway.service",
    "systemctl restart abstractgateway.service",
  ]);
});

test("installing again keeps the settings, and uninstalling keeps settings and data", async () => {
  const { root, ran, service } = await machine({ userId: 1000 });
  await service("install");
  const settings = join(root, "home/.config/abstractgateway/gateway.env");
  const before = readFileSync(settings, "utf8");
  expect((await service("install")).stdout).toContain("as they were");
  expect(readFileSync(settings, "utf8")).toBe(before);
  ran.length = 0;
  await service("uninstall");
  expect(ran).toEqual(["systemctl --user disable --now abstractgateway.service", "systemctl --user daemon-reload"]);
  expect(existsSync(join(root, "home/.config/systemd/user/abstractgateway.service"))).toBe(false);
  expect(existsSync(settings)).toBe(true);
  expect(existsSync(join(root, "home/.local/share/abstractgateway"))).toBe(true);
});

test("on a Mac it is an agent, whose words are safe in XML", async () => {
  const { root, ran, service } = await machine({ platform: "darwin", userId: 501 });
  await service("install", "--data-dir", join(root, "a & b"));
  const agent = readFileSync(join(root, "home/Library/LaunchAgents/ai.abstractgateway.plist"), "utf8");
  expect(agent).toContain(`<string>${root}/a &amp; b</string>`);
  expect(ran).toEqual([`launchctl bootstrap gui/501 ${root}/home/Library/LaunchAgents/ai.abstractgateway.plist`]);
});

test("what would be written can be looked at, and nothing happens", async () => {
  const { root, ran, service } = await machine();
  const { stdout } = await service("install", "--print");
  expect(stdout).toContain("NoNewPrivileges=yes");
  expect(ran).toEqual([]);
  expect(existsSync(join(root, "etc"))).toBe(false);
});

test("the status is what the service manager says, with its exit code", async () => {
  const { service } = await machine({ run: () => ({ exitCode: 3, output: "inactive (dead)\n" }) });
  expect(await service("status")).toEqual({ stdout: "inactive (dead)\n", exitCode: 3 });
});

test.each<[string, Partial<ServiceHost>, string[], string]>([
  ["another system", { platform: "win32" }, ["install"], "on Linux (systemd) and macOS (launchd) only"],
  ["a machine without systemd", { run: () => null }, ["install"], "'systemctl' is not on this machine"],
  ["a manager that refuses", { run: () => ({ exitCode: 1, output: "no bus\n" }) }, ["install"], "failed: no bus"],
  ["no service", {}, ["uninstall"], "There is no service"],
])("%s is told in a sentence", async (_, host, args, sentence) => {
  const { service } = await machine(host);
  expect(await rejection(service(...args))).toMatchObject({ message: expect.stringContaining(sentence) });
});

const analyze = Bun.which("systemd-analyze");
if (analyze === null) console.warn("The unit is not analysed: this needs systemd-analyze.");
describe.skipIf(analyze === null)("systemd-analyze", () => {
  test.each([false, true])("finds the unit right and its exposure OK, with graphics cards: %p", async (usesGpu) => {
    const { root } = await machine();
    const path = join(root, "abstractgateway.service");
    const options = { executable: "/bin/true", envFile: "/etc/a.env", isSystem: true, dataDir: null, usesGpu };
    await writeFile(path, systemdUnit(options));
    const run = (...args: string[]) => {
      const { stdout, stderr } = Bun.spawnSync(["systemd-analyze", ...args, path], { stdout: "pipe", stderr: "pipe" });
      return stdout.toString() + stderr.toString();
    };
    expect(run("verify")).toBe("");
    expect(run("security", "--offline=true")).toMatch(
      /Overall exposure level for abstractgateway.service: [012]\.\d OK/,
    );
  });
});
