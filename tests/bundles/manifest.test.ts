import { describe, expect, test } from "bun:test";
import { readManifest } from "#bundles/manifest.ts";
import { AppError } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import type { Value } from "#core/value.ts";

const sound = {
  bundle_format_version: "1",
  bundle_id: "b-1_x",
  bundle_version: "1.0.0",
  created_at: "2026-01-01T00:00:00+00:00",
  entrypoints: [{ flow_id: "main", name: "Main", description: "d", interfaces: ["abstractcode.agent.v1"] }],
  default_entrypoint: "main",
  flows: { main: "flows/main.json", other: "flows/other.json" },
  artifacts: {},
  assets: { logo: "assets/logo.png" },
  metadata: { lineage: { bundle_id: "b" } },
};
const read = (document: unknown) => readManifest(parseJson(JSON.stringify(document)));

test("a manifest is read as it is", () => {
  expect(read(sound)).toEqual(sound as ReturnType<typeof readManifest>);
});

test("camelCase is read too, and what is not said has its default", () => {
  const entrypoints = [{ flowId: "main" }];
  const camel = { bundleFormatVersion: "1", bundleId: "b", createdAt: "t", defaultEntrypoint: "main", entrypoints };
  expect(read({ ...camel, flows: { main: "main.json" } })).toEqual({
    bundle_format_version: "1",
    bundle_id: "b",
    bundle_version: "0.0.0",
    created_at: "t",
    entrypoints: [{ flow_id: "main", name: "main", description: "", interfaces: [] }],
    default_entrypoint: "main",
    flows: { main: "main.json" },
    artifacts: {},
    assets: {},
    metadata: {},
  });
  const third = { ...sound, default_entrypoint: undefined, default_entrypoint_flow_id: "main" };
  expect(read(third).default_entrypoint).toBe("main");
  expect(read({ ...sound, default_entrypoint: null }).default_entrypoint).toBeNull();
});

const entry = (more: object) => ({ entrypoints: [{ flow_id: "main", ...more }] });

describe("a manifest is refused with the field's name for", () => {
  test.each([
    ["no format", { bundle_format_version: undefined }, 'bundle_format_version must be "1", not null'],
    ["a number as format", { bundle_format_version: 1 }, "bundle_format_version must be a string"],
    ["another format", { bundle_format_version: "2" }, 'bundle_format_version must be "1", not "2"'],
    ["no id", { bundle_id: undefined }, "bundle_id is missing"],
    ["a blank id", { bundle_id: "  " }, "bundle_id is missing"],
    ["an id that is a path", { bundle_id: "../x" }, "bundle_id '../x' has characters"],
    ["an id with a version", { bundle_id: "a@1" }, "bundle_id 'a@1' has characters"],
    ["an id that is every object's", { bundle_id: "__proto__" }, "bundle_id must not be '__proto__'"],
    ["a long id", { bundle_id: "a".repeat(201) }, "bundle_id is longer than 200"],
    ["a version that is a path", { bundle_version: "1/2" }, "bundle_version '1/2' has characters"],
    ["a version that is the folder above", { bundle_version: ".." }, "bundle_version must not be '..'"],
    ["a creation time that is a number", { created_at: 5 }, "created_at must be a string"],
    ["no entrypoints", { entrypoints: [] }, "entrypoints must be a list with at least one item"],
    ["an entrypoint that is a text", { entrypoints: ["main"] }, "entrypoints[0] must be an object"],
    ["an entrypoint without a flow", { entrypoints: [{}] }, "entrypoints[0].flow_id must be a string"],
    ["the same entrypoint twice", { entrypoints: [{ flow_id: "main" }, { flow_id: "main" }] }, "'main' twice"],
    [
      "an entrypoint without a path",
      { entrypoints: [{ flow_id: "gone" }] },
      "flows has no path for the entrypoint 'gone'",
    ],
    ["a name that is a number", entry({ name: 5 }), "entrypoints[0].name must be a string"],
    ["interfaces that are a text", entry({ interfaces: "x" }), "entrypoints[0].interfaces must be a list"],
    ["a default that is no entrypoint", { default_entrypoint: "other" }, "default_entrypoint 'other' is none"],
    ["flows that are a list", { flows: [] }, "flows must be an object"],
    ["a path that is a number", { flows: { main: 5 } }, "flows['main'] must be a path"],
    ["an absolute path", { flows: { main: "/x.json" } }, "flows['main']: the path '/x.json' is absolute"],
    ["a path that leaves", { assets: { a: "a/../../b" } }, "assets['a']: the path 'a/../../b' contains"],
    ["a backslash path", { artifacts: { a: "\\x" } }, "backslash"],
    ["a drive", { flows: { main: "c:x" } }, "drive letter"],
    ["an empty path", { flows: { main: "" } }, "is empty"],
    ["a flow id with a colon", { flows: { "a:b": "x.json" } }, "'a:b', is not a flow id"],
    ["two flows of one path", { flows: { main: "x.json", b: "x.json" } }, "two flows have the same path"],
    ["metadata that are a list", { metadata: [] }, "metadata must be an object"],
  ] as [string, object, string][])("%s", (_what, change, reason) => {
    const refuse = () => read({ ...sound, ...change });
    expect(refuse).toThrow(AppError);
    expect(refuse).toThrow(reason);
  });

  test.each([[null], [[]], ["x"], [5]] as [Value][])("being %p", (document) => {
    expect(() => readManifest(document)).toThrow("it is not a JSON object");
  });
});
