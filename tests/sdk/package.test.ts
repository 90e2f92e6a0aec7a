import { afterAll, beforeAll, expect, test } from "bun:test";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, startGateway, token } from "#fixtures/gateway.ts";
import { ask } from "#fixtures/sample-flows.ts";
import { buildSdk } from "../../build/sdk.ts";
import { root } from "../../build/paths.ts";

/** The package as npm would install it, in a folder of somebody else. */
let folder: string;
let gateway: Gateway;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sdk-package-"));
  const modules = join(folder, "node_modules");
  await mkdir(join(modules, "@sinclair"), { recursive: true });
  await buildSdk(join(modules, "abstractgateway-client"));
  await symlink(join(root, "node_modules/@sinclair/typebox"), join(modules, "@sinclair/typebox"));
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  gateway = await startGateway();
  await gateway.upload("ask", archive("ask", [ask]));
}, 60_000);
afterAll(async () => {
  await gateway?.close();
  await rm(folder, { recursive: true, force: true });
});

async function run(command: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = Bun.spawn(command, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

test.skipIf(Bun.which("node") === null)(
  "a program under Node starts a run, is asked, answers, follows it to the end, and uploads a large file (skipped without node)",
  async () => {
    await cp(join(import.meta.dirname, "package/program.mjs"), join(folder, "program.mjs"));
    const bytes = new Uint8Array(9_000_000).fill(7);
    await writeFile(join(folder, "large.bin"), bytes);
    const { code, stdout, stderr } = await run(["node", "program.mjs", gateway.url, token, join(folder, "large.bin")]);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({
      question: expect.stringMatching(/\w/),
      records: expect.any(Number),
      status: "completed",
      sha256: Bun.SHA256.hash(bytes, "hex"),
      bytes: bytes.length,
      sessions: ["sdk"],
      kept: 1,
      published: "Made-here@0.0.0",
      stale: 409,
      flows: 0,
      turns: 1,
      asked: 400,
      refused: [404, "Run 'none' not found"],
      unnamed: "The path parameter 'run_id' is missing.",
      stream: true,
    });
  },
  60_000,
);

test("its types know every operation of the API, and what is wrong with a call", async () => {
  await cp(join(import.meta.dirname, "package/consumer.ts.txt"), join(folder, "consumer.ts"));
  const options = [
    "--noEmit",
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2023",
    "--lib",
    "es2023,dom,dom.iterable,dom.asynciterable",
  ];
  const { code, stdout } = await run([join(root, "node_modules/.bin/tsc"), ...options, "consumer.ts"]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  const types = await readFile(join(folder, "node_modules/abstractgateway-client/operations.d.ts"), "utf8");
  const { paths } = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as { paths: Record<string, object> };
  const names = Object.values(paths).flatMap((item) =>
    Object.values(item).map(({ operationId }: { operationId: string }) => operationId),
  );
  expect(names.length).toBeGreaterThan(100);
  expect(names.filter((name) => !types.includes(`  ${name}: {`))).toEqual([]);
}, 60_000);

test("it is one module without imports, for browsers too", async () => {
  const code = await readFile(join(folder, "node_modules/abstractgateway-client/index.js"), "utf8");
  expect(code).not.toMatch(/^import |\brequire\(|\bBun\.|process\.|node:/m);
  expect(code.length).toBeLessThan(60_000);
});
