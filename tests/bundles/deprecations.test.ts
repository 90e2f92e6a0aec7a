import { expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundle, opened } from "./open-registry.ts";

const path = (dataDir: string) => join(dataDir, "workflow_deprecations.json");

test("of a flow or of all keeps it from being started, survives a restart and is taken back", async () => {
  const { registry, dataDir, again } = await opened({ "a.flow": bundle("a"), "b.flow": bundle("b") });
  expect(await registry.deprecate("a", "main", "use b")).toEqual({
    deprecated_at: "2026-11-23T00:00:00.000000+00:00",
    reason: "use b",
  });
  await registry.deprecate("b", null, null);
  expect(() => registry.resolve({ bundleId: "a" })).toThrow("Workflow 'a@1.0.0:main' is deprecated: use b");
  expect(() => registry.resolve({ bundleId: "b" })).toThrow(expect.objectContaining({ code: "conflict" }));
  expect(JSON.parse(await readFile(path(dataDir), "utf8"))).toEqual({
    version: 1,
    bundles: {
      a: { main: { deprecated_at: "2026-11-23T00:00:00.000000+00:00", reason: "use b" } },
      b: { "*": { deprecated_at: "2026-11-23T00:00:00.000000+00:00" } },
    },
  });
  const later = await again();
  expect(later.deprecation("b", "main")?.reason).toBeNull();
  expect(await later.undeprecate("b", null)).toBe(true);
  expect(await later.undeprecate("b", null)).toBe(false);
  expect(await later.undeprecate("a", "other")).toBe(false);
  expect(later.resolve({ bundleId: "b" }).flowId).toBe("main");
  expect(registry.deprecation("b", "main")).not.toBeNull();
  await registry.reload();
  expect(registry.deprecation("b", "main")).toBeNull();
});

test("of what is not there is not found", async () => {
  const { registry } = await opened({ "a.flow": bundle("a") });
  await expect(registry.deprecate("x", null, null)).rejects.toMatchObject({ code: "not_found" });
  await expect(registry.deprecate("a", "x", null)).rejects.toThrow("Bundle 'a' has no entrypoint 'x'");
});

test("keeps what others wrote, and leaves a damaged file alone", async () => {
  const { registry, dataDir } = await opened({ "a.flow": bundle("a") });
  const foreign = { deprecated_at: "t", deprecated_by: "ann" };
  await writeFile(path(dataDir), JSON.stringify({ version: 1, bundles: { z: { "*": foreign } } }));
  await registry.deprecate("a", null, null);
  expect(JSON.parse(await readFile(path(dataDir), "utf8")).bundles.z).toEqual({ "*": foreign });
  await writeFile(path(dataDir), "{");
  const { skipped } = await registry.reload();
  expect(skipped.map(({ file }) => file)).toEqual(["workflow_deprecations.json"]);
  expect(registry.deprecation("a", "main")).not.toBeNull();
  await expect(registry.undeprecate("a", null)).rejects.toMatchObject({ code: "storage" });
  expect(await readFile(path(dataDir), "utf8")).toBe("{");
});
