import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { openFolderRegistry } from "#bundles/folder-registry.ts";
import { packPath } from "#bundles/pack.ts";
import { readBundle } from "#bundles/read-bundle.ts";
import { readFlow } from "#bundles/read-flow.ts";
import { parseJson } from "#core/json.ts";

const shared = resolve(process.env["SHARED_DIR"] ?? join(import.meta.dirname, "../../../shared"));
const bundlesDir = join(shared, "flows/bundles");
const flowsDir = join(shared, "flows/visualflows");
const isThere = existsSync(bundlesDir) && existsSync(flowsDir);
const list = (dir: string, suffix: string) =>
  isThere
    ? readdirSync(dir)
        .filter((name) => name.endsWith(suffix))
        .sort()
    : [];

// These call flows that are not in the folder, which is what packing must say.
const withMissingFlow: Record<string, string> = {
  "1cd9eec9.json": "15f19f7f",
  "46e3a851.json": "c0b53aca",
  "5e39c372.json": "87962987",
  "ab4e51eb.json": "72b51d91",
  "ltm-ai-kg-debug-observability.json": "ltm-ai-kg-extract-triples",
  "ltm-ai-kg-ingest-turn.json": "ltm-ai-kg-extract-triples",
};

describe.skipIf(!isThere)("the reference's bundles and flows (skipped without the shared flows)", () => {
  test("all 11 bundles read without a warning and are found by the registry", async () => {
    const files = list(bundlesDir, ".flow");
    expect(files).toHaveLength(11);
    for (const file of files) {
      const bundle = readBundle(readFileSync(join(bundlesDir, file)));
      expect([file, bundle.warnings]).toEqual([file, []]);
      expect(Object.keys(bundle.flows)).toEqual(Object.keys(bundle.manifest.flows));
    }
    const dataDir = await mkdtemp(join(tmpdir(), "shipped-"));
    const registry = await openFolderRegistry({ flowsDir: bundlesDir, dataDir, builtin: [], now: () => 0 });
    expect(registry.list()).toHaveLength(11);
    expect(registry.resolve({ bundleId: "basic-agent" }).workflowId).toBe("basic-agent@0.0.1:81795ea9");
    const ralph = registry.resolve({ bundleId: "ralph" });
    const calls = ralph.installed.bundle.flows[ralph.flowId]?.nodes.filter((node) => node.type === "subflow") ?? [];
    expect(calls.map((node) => node.data["subflowId"])).toEqual(calls.map(() => "ralph@dev:ee1a6daa"));
    expect(calls.length).toBeGreaterThan(0);
    expect(registry.latest("Untitled-Flow").published).toBeNull();
  });

  test("all 28 flows read", () => {
    const files = list(flowsDir, ".json");
    expect(files).toHaveLength(28);
    for (const file of files) {
      const { flow, warnings } = readFlow(parseJson(readFileSync(join(flowsDir, file), "utf8")));
      expect([file, warnings]).toEqual([file, []]);
      expect(flow.nodes.length).toBeGreaterThan(0);
    }
  });

  test.each(list(flowsDir, ".json"))("%s packs, or says which flow is missing", async (file) => {
    const missing = withMissingFlow[file];
    const packed = packPath(join(flowsDir, file));
    if (missing === undefined) expect(Object.keys((await packed).bundle.flows).length).toBeGreaterThan(0);
    else await expect(packed).rejects.toThrow(`calls the flow '${missing}', which is not there`);
  });
});
