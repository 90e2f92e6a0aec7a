import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { loadSettings } from "#config/load.ts";
import { unknownVariables } from "#config/unknown-variables.ts";
import { settingsTable } from "#config/settings-table.ts";
import { allVariables } from "#config/variables/groups.ts";
import { client } from "#config/variables/client.ts";

const source = resolve(import.meta.dirname, "../../src");
const names = allVariables.flatMap((variable) => variable.names);

/** The names that loading asks the environment for, whatever their values are. */
function askedFor(env: Record<string, string>): Set<string> {
  const asked = new Set<string>();
  const spied = new Proxy(env, {
    get(target, name) {
      if (typeof name === "string") asked.add(name);
      return Reflect.get(target, name);
    },
  });
  loadSettings({ env: spied, cwd: "/", envFile: null });
  return asked;
}

test("what the gateway reads is what is declared, and the other way round", () => {
  const servers = {
    OPENAI_BASE_URL: "http://a",
    LMSTUDIO_BASE_URL: "http://b",
    OLLAMA_BASE_URL: "http://c",
    AZURE_RESOURCE_NAME: "d",
  };
  const asked = new Set([...askedFor({}), ...askedFor(servers)]);
  // Read by the command line when it is asked for a gateway.
  for (const name of Object.values(client).flatMap(({ names }) => names)) asked.add(name);
  // Serialising the environment is not reading a setting.
  asked.delete("toJSON");
  expect([...asked].sort()).toEqual([...names].sort());
});

test("a variable that is read is not called one without effect", () => {
  const told = unknownVariables(names, new Set()).filter((text) => text.includes("has no effect in this build"));
  expect(told).toEqual([]);
});

test("no name is declared twice, and every variable has a meaning and its prefix", () => {
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  for (const { meaning, shown } of allVariables) {
    expect(meaning).not.toBe("");
    expect(shown.allowed).not.toBe("");
  }
});

test("every variable of ours that any source file or message names is declared", async () => {
  const undeclared: string[] = [];
  // Set by the gateway for processes of tools, not read.
  const known = new Set([...names, "ABSTRACTGATEWAY_COMMAND"]);
  for await (const path of new Bun.Glob("**/*.ts").scan(source)) {
    if (path.startsWith("config/")) continue;
    const text = await Bun.file(`${source}/${path}`).text();
    for (const [name] of text.matchAll(/ABSTRACT(?:GATEWAY|FLOW|RUNTIME|FRAMEWORK)_[A-Z_]*[A-Z]/g)) {
      if (!known.has(name)) undeclared.push(`${path}: ${name}`);
    }
  }
  expect(undeclared).toEqual([]);
});

test("nothing but the reader takes a setting of ours out of an environment", async () => {
  const direct: string[] = [];
  for await (const path of new Bun.Glob("**/*.ts").scan(source)) {
    const text = await Bun.file(`${source}/${path}`).text();
    if (/\benv(?:ironment)?(?:\.|\[["'])ABSTRACT/.test(text)) direct.push(path);
  }
  expect(direct).toEqual([]);
});

describe("README's tables", () => {
  test("are those of the declared variables", async () => {
    const readme = await Bun.file(resolve(source, "../README.md")).text();
    expect(readme.includes(settingsTable()), "`bun build/settings-table.ts` writes them").toBe(true);
  });

  test("name every variable in a row of its own with four cells", () => {
    const rows = settingsTable()
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    expect(rows).toHaveLength(allVariables.length);
    for (const row of rows) expect(row.split(" | "), row).toHaveLength(4);
  });
});
