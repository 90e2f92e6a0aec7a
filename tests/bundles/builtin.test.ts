import { expect, test } from "bun:test";
import { builtinBundles } from "#bundles/builtin.ts";
import { flowInputs } from "#bundles/input-schema.ts";
import { readBundle } from "#bundles/read-bundle.ts";

const bundles = builtinBundles().map((archive) => readBundle(archive));

test("the executable has two samples, which read without a warning", () => {
  expect(bundles.map(({ manifest }) => manifest.bundle_id).sort()).toEqual(["ask-me", "hello"]);
  for (const { manifest, warnings } of bundles) {
    expect(warnings).toEqual([]);
    expect(manifest.entrypoints).toHaveLength(1);
    expect(manifest.default_entrypoint).toBe(manifest.entrypoints[0]?.flow_id ?? "");
  }
});

test("their bytes, and so their digests, are the same each time", () => {
  expect(builtinBundles().map((archive) => readBundle(archive).digest)).toEqual(bundles.map(({ digest }) => digest));
});

test("both start without any input", () => {
  for (const { manifest, documents } of bundles) {
    const inputs = flowInputs(documents[manifest.default_entrypoint ?? ""]);
    expect(inputs).toHaveLength(1);
    expect(inputs[0]?.default).toBeDefined();
  }
});

test("all their edges join nodes that are there", () => {
  for (const flow of bundles.flatMap((bundle) => Object.values(bundle.flows))) {
    const ids = new Set(flow.nodes.map((node) => node.id));
    expect(flow.edges.filter((edge) => !ids.has(edge.source) || !ids.has(edge.target))).toEqual([]);
  }
});
