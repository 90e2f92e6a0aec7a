import { afterAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../../build/compile.ts";
import { root } from "../../build/paths.ts";
import { sha256Of } from "../../build/release.ts";

const folder = await mkdtemp(join(tmpdir(), "gateway-same-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

test("the same sources give the same bytes, and the light executable says what it lacks", async () => {
  const [first, second] = [join(folder, "a", "abstractgateway"), join(folder, "b", "abstractgateway")];
  await compile({ outfile: first, flavour: "light" });
  await compile({ outfile: second, flavour: "light" });
  expect(await sha256Of(first)).toBe(await sha256Of(second));
  const bytes = Buffer.from(await Bun.file(first).arrayBuffer());
  expect(bytes.includes(root)).toBe(false);

  const run = (...args: string[]) =>
    Bun.spawnSync([first, ...args], { cwd: folder, env: { HOME: folder }, stdout: "pipe", stderr: "pipe" });
  const { flavour, libraries, compute } = JSON.parse(run("version", "--json").stdout.toString()) as Record<
    string,
    unknown
  >;
  expect({ flavour, libraries }).toEqual({ flavour: "light", libraries: { lancedb: null, llama: null } });
  expect(compute).toMatchObject({
    builds: [],
    reason: expect.stringContaining("the light executable has no llama.cpp"),
  });
  expect(run("check", "--json").stdout.toString().trim()).toBe("[]");
  expect(run("run", "hello", "--input", "name=Ada").exitCode).toBe(0);
}, 120_000);
