import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { exampleSettings } from "#config/example.ts";
import { loadSettings } from "#config/load.ts";
import { variableGroups } from "#config/variables/groups.ts";
import { runCli } from "#fixtures/cli.ts";

test("the example has every variable once, and sets nothing but an empty token", () => {
  const lines = exampleSettings().split("\n");
  const named = lines.flatMap((line) => /^(?:# )?([A-Z][A-Z0-9_]+)=/.exec(line)?.[1] ?? []);
  const all = variableGroups.flatMap(({ variables }) => variables.map(({ names }) => names[0] ?? ""));
  expect(named.toSorted()).toEqual(all.toSorted());
  expect(lines.filter((line) => line !== "" && !line.startsWith("#"))).toEqual(["ABSTRACTGATEWAY_AUTH_TOKEN="]);
});

test("config init --example writes it, is a configuration that can be read, and replaces no file unasked", async () => {
  const first = await runCli(["config", "init", "--example"]);
  expect(first.exitCode).toBe(0);
  const path = first.stdout.trim().replace(/^Wrote /, "");
  expect(await readFile(path, "utf8")).toBe(exampleSettings());
  expect(loadSettings({ env: {}, cwd: join(path, ".."), envFile: path }).auth.tokens).toEqual([]);
  const again = await runCli(["config", "init", "--example"], { cwd: join(path, "..") });
  expect(again.exitCode).toBe(75);
  expect(again.stderr).toContain("exists already");
});
