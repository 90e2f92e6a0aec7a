import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { executable } from "../../build/paths.ts";
import { workerEntries, workerUrls } from "../../build/worker-entries.ts";

test("worker entry points exist, and each is named by a source", async () => {
  const plugin = workerUrls();
  const root = resolve(import.meta.dirname, "../..");
  for (const entry of workerEntries) expect(existsSync(join(root, entry)), entry).toBe(true);
  const result = await Bun.build({
    entrypoints: [join(root, "src/ledger/sqlite/sqlite-ledger.ts")],
    target: "bun",
    plugins: [plugin],
    packages: "external",
  });
  expect(result.success).toBe(true);
  expect([...plugin.unseen]).toEqual([]);
  expect(await result.outputs[0]?.text()).toContain('new URL("./ledger/sqlite/writer.js", import.meta.url)');
});

test.skipIf(!existsSync(executable))(
  "the executable runs from any folder and reads no .env or bunfig by itself",
  async () => {
    const cwd = await mkdtemp(join(tmpdir(), "gateway-exe-"));
    await Bun.write(join(cwd, "bunfig.toml"), 'preload = ["./nowhere.ts"]\n');
    await Bun.write(join(cwd, ".env"), "NODE_OPTIONS=--nonsense\n");
    const result = Bun.spawnSync([executable, "version", "--json"], { cwd, env: {}, stdout: "pipe", stderr: "pipe" });
    expect(result.stderr.toString()).toBe("");
    expect(JSON.parse(result.stdout.toString())).toMatchObject({
      commit: expect.stringMatching(/^([0-9a-f]{40}(-dirty)?|unknown)$/),
    });
    expect(result.exitCode).toBe(0);
  },
);

test.skipIf(!existsSync(executable))("a slow reader of a pipe gets all of a long output", () => {
  const script = '"$1" licenses --json | (sleep 0.3; cat)';
  const { stdout } = Bun.spawnSync(["sh", "-c", script, "sh", executable], { stdout: "pipe" });
  const licences = JSON.parse(stdout.toString()) as { name: string; license: string; text: string }[];
  // More than the 64 KB that fit into a pipe.
  expect(stdout.length).toBeGreaterThan(200_000);
  expect(licences).toContainEqual(expect.objectContaining({ name: "elysia", license: "MIT" }));
  expect(licences.find(({ name }) => name === "elysia")?.text).toContain("Permission is hereby granted");
});
