import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "#fixtures/cli.ts";
import { startFakeGateway } from "#fixtures/fake-gateway.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "gateway-profiles-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const cli = (args: string[], input = "") => runCli(args, { env: { HOME: home }, cwd: home, input });
const file = () => join(home, ".config/abstractgateway/profiles.json");

function gatewayWithToken(token: string) {
  return startFakeGateway((request) => {
    if (new URL(request.url).pathname === "/api/health") return Response.json({ service: "abstractgateway" });
    const isRight = request.headers.get("authorization") === `Bearer ${token}`;
    return isRight ? Response.json({ items: [] }) : Response.json({ detail: "Unauthorized" }, { status: 401 });
  });
}

test("a saved gateway is used by its name, with its token, from a file for the owner alone", async () => {
  await using gateway = gatewayWithToken("s3cret");
  const saved = await cli(["profiles", "save", "lab", "--url", gateway.url, "--token", "-"], "s3cret\n");
  expect(saved).toMatchObject({ exitCode: 0, stdout: `Saved 'lab' in ${file()}.\n` });
  expect((await stat(file())).mode & 0o777).toBe(0o600);
  expect((await cli(["profiles"])).stdout).toBe(`PROFILE  GATEWAY\nlab      ${gateway.url}\n`);
  expect((await cli(["runs", "--profile", "lab"])).stdout).toBe("No runs.\n");
  expect((await cli(["profiles", "remove", "lab"])).exitCode).toBe(0);
  expect((await cli(["runs", "--profile", "lab"])).stderr).toBe(
    "error: There is no profile 'lab': none is saved yet.\n",
  );
});

test("a wrong token, a name with a path and a wrong address are not saved", async () => {
  await using gateway = gatewayWithToken("s3cret");
  expect((await cli(["profiles", "save", "lab", "--url", gateway.url, "--token", "x"])).exitCode).toBe(77);
  expect((await cli(["profiles", "save", "../x", "--url", gateway.url])).exitCode).toBe(2);
  expect((await cli(["profiles", "save", "lab", "--url", "ftp://x"])).exitCode).toBe(2);
  expect((await cli(["profiles"])).stdout).toBe("No profiles.\n");
});

test("a file that others can read, or that is not JSON, is refused with the remedy", async () => {
  await using gateway = gatewayWithToken("s3cret");
  await cli(["profiles", "save", "lab", "--url", gateway.url, "--token", "s3cret"]);
  await chmod(file(), 0o644);
  expect((await cli(["runs", "--profile", "lab"])).stderr).toBe(
    `error: Others can read ${file()}, which has tokens. Do: chmod 600 '${file()}'\n`,
  );
  await chmod(file(), 0o600);
  for (const text of ["{", "[]", '{"lab": {"token": "x"}}']) {
    await writeFile(file(), text);
    const { exitCode, stderr } = await cli(["runs", "--profile", "lab"]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(file())]);
  }
});

test("an address and a profile at once is refused", async () => {
  const { exitCode, stderr } = await cli(["runs", "--profile", "lab", "--url", "http://127.0.0.1:1"]);
  expect([exitCode, stderr]).toEqual([2, "error: --url and --profile both name a gateway: give one of them.\n"]);
});
