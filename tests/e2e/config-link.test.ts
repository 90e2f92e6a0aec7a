import { expect, test } from "bun:test";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { executable } from "#fixtures/gateway.ts";

test.skipIf(executable.length > 1)("a link named abstractgateway-config is the command config", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gateway-link-"));
  const link = join(folder, "abstractgateway-config");
  await symlink(executable[0] ?? "", link);
  const run = async (...args: string[]) => {
    const child = Bun.spawn([link, ...args], { cwd: folder, env: { PATH: process.env["PATH"] ?? "" }, stderr: "pipe" });
    return { text: await new Response(child.stdout).text(), exitCode: await child.exited };
  };
  expect(await run("init")).toMatchObject({ exitCode: 0, text: expect.stringContaining("Wrote ") });
  expect((await run()).text).toStartWith("AbstractGateway configuration status\n");
  expect((await run("status")).text).toContain("- gateway_auth_configured: true");
  expect((await run("get", "port")).text).toBe("8080\n");
  await rm(folder, { recursive: true });
});
