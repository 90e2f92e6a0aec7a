import { expect, test } from "bun:test";
import { builtinBundles } from "#bundles/builtin.ts";
import { flowInputs } from "#bundles/input-schema.ts";
import { readBundle } from "#bundles/read-bundle.ts";
import type { TestFlow } from "#fixtures/bundles.ts";
import { drive } from "../engine/driver.ts";

const bundles = builtinBundles().map((archive) => readBundle(archive));

test("the executable has two samples and an agent, which read without a warning", () => {
  expect(bundles.map(({ manifest }) => manifest.bundle_id).sort()).toEqual(["agent", "ask-me", "hello"]);
  for (const { manifest, warnings } of bundles) {
    expect(warnings).toEqual([]);
    expect(manifest.entrypoints).toHaveLength(1);
    expect(manifest.default_entrypoint).toBe(manifest.entrypoints[0]?.flow_id ?? "");
  }
});

test("their bytes, and so their digests, are the same each time", () => {
  expect(builtinBundles().map((archive) => readBundle(archive).digest)).toEqual(bundles.map(({ digest }) => digest));
});

test("both samples start without any input", () => {
  for (const { manifest, documents } of bundles.filter((bundle) => bundle.manifest.bundle_id !== "agent")) {
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

function documentOf(bundleId: string): TestFlow {
  const bundle = bundles.find(({ manifest }) => manifest.bundle_id === bundleId);
  return bundle?.documents[bundle.manifest.default_entrypoint ?? ""] as unknown as TestFlow;
}

const said = (records: ReturnType<typeof drive>["records"]) =>
  records
    .filter((each) => each.effect?.type === "answer_user" && each.status === "completed")
    .map((each) => each.effect?.payload["message"]);

test("hello greets the world three times and ends with a greeting", () => {
  const { records, output, last } = drive(documentOf("hello"));
  expect(said(records)).toEqual(["Hello, world", "Bonjour, world", "Guten Tag, world"]);
  expect(last.kind).toBe("end");
  expect(output).toMatchObject({ success: true, response: "Guten Tag, world" });
  expect(said(drive(documentOf("hello"), { input: { name: "Ada" } }).records)[0]).toBe("Hello, Ada");
});

test("ask-me waits for an answer, repeats it and ends", () => {
  const waiting = drive(documentOf("ask-me"));
  expect(waiting.execution.wait).toMatchObject({ reason: "user", prompt: "What is your name?" });
  const { records, output } = drive(documentOf("ask-me"), { answers: [{ response: "Ada" }] });
  expect(said(records)).toEqual([expect.stringContaining("Ada")]);
  expect(output).toMatchObject({ success: true, response: "Ada" });
});
