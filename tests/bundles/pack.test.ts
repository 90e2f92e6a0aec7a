import { describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packFlow, packPath } from "#bundles/pack.ts";
import { readBundle } from "#bundles/read-bundle.ts";
import { openZip } from "#bundles/zip.ts";
import { parseJson } from "#core/json.ts";
import type { Value } from "#core/value.ts";
import { type TestFlow, exec, flow } from "#fixtures/bundles.ts";

const document = (value: unknown): Value => parseJson(JSON.stringify(value));
const calls = (id: string, ...targets: string[]) =>
  flow(
    id,
    [
      exec("start", "on_flow_start"),
      ...targets.map((target) => exec(`call-${target}`, "subflow", { data: { subflowId: target } })),
    ],
    targets.map((target, index) => `${index === 0 ? "start" : `call-${targets[index - 1]}`} > call-${target}`),
  );
const finder = (flows: TestFlow[]) => async (id: string) => {
  const found = flows.find((each) => each.id === id);
  return found ? document(found) : null;
};
const pack = (root: TestFlow, others: TestFlow[] = [], options = {}) =>
  packFlow(document(root), finder([root, ...others]), options);

describe("packing a flow", () => {
  test("takes the flows that it can come to call, and no others", async () => {
    const dead = exec("dead", "subflow", { data: { subflowId: "never" } });
    const listener = exec("event", "on_event");
    const heard = exec("heard", "subflow", { data: { workflow_id: "on-event" } });
    const main = calls("main", "one");
    main.nodes.push(dead, listener, heard);
    main.edges.push({ id: "x", source: "event", sourceHandle: "exec-out", target: "heard", targetHandle: "exec-in" });
    const { bundle } = await pack(main, [
      calls("one", "two", "main"),
      calls("two", "two"),
      calls("on-event"),
      calls("never"),
    ]);
    expect(Object.keys(bundle.manifest.flows)).toEqual(["main", "on-event", "one", "two"]);
    expect(bundle.manifest.entrypoints.map((each) => each.flow_id)).toEqual(["main"]);
    expect(bundle.warnings).toEqual([
      "Flow 'main': node 'dead' calls the flow 'never', which is not in the bundle: it fails when it is reached",
    ]);
  });

  test("names what is not there", async () => {
    await expect(pack(calls("main", "gone"))).rejects.toThrow(
      "Flow 'main' cannot be packed: its node 'call-gone' calls the flow 'gone', which is not there",
    );
  });

  test("has the manifest that was asked for", async () => {
    const root = { ...calls("main"), name: "Main", description: "d", interfaces: ["i"], updated_at: "2026-05-05" };
    const { bundle } = await pack(root);
    expect(bundle.manifest).toMatchObject({
      bundle_id: "main",
      bundle_version: "0.0.0",
      created_at: "2026-05-05",
      entrypoints: [{ flow_id: "main", name: "Main", description: "d", interfaces: ["i"] }],
      default_entrypoint: "main",
    });
    const options = {
      bundleId: "other",
      bundleVersion: "1.2",
      createdAt: "t",
      metadata: { lifecycle: { channel: "draft" } },
    };
    expect((await pack(root, [], options)).bundle.manifest).toMatchObject({
      bundle_id: "other",
      bundle_version: "1.2",
      created_at: "t",
      metadata: { lifecycle: { channel: "draft" } },
    });
    await expect(pack(root, [], { bundleId: "a b" })).rejects.toThrow("bundle_id 'a b' has characters");
    await expect(pack(root, [], { defaultEntrypoint: "x" })).rejects.toThrow("default_entrypoint 'x' is none");
  });

  test("gives the same bytes for the same flows, in any time zone", async () => {
    const script = `
      import { packFlow } from ${JSON.stringify(join(import.meta.dirname, "../../src/bundles/pack.ts"))};
      const flow = ${JSON.stringify(calls("main"))};
      const { bundle } = await packFlow(flow, async () => null);
      console.log(bundle.digest);`;
    const digestIn = (zone: string) =>
      Bun.spawnSync([process.execPath, "-e", script], { env: { ...process.env, TZ: zone }, stderr: "inherit" })
        .stdout.toString()
        .trim();
    const { bundle } = await pack(calls("main"));
    expect([digestIn("Pacific/Auckland"), digestIn("America/Los_Angeles")]).toEqual([bundle.digest, bundle.digest]);
  });

  test("keeps 5.0 a float and the manifest in front", async () => {
    const root = parseJson(JSON.stringify(calls("main")).replace('"name":"main"', '"name":"main","x":5.0'));
    const { archive } = await packFlow(root, async () => null);
    const zip = openZip(archive);
    expect(zip.names).toEqual(["manifest.json", "flows/main.json"]);
    expect(new TextDecoder().decode(zip.read("flows/main.json"))).toContain('"x": 5.0');
  });
});

describe("packing what lies on the disk", () => {
  const folder = async (files: Record<string, unknown>) => {
    const path = await mkdtemp(join(tmpdir(), "pack-"));
    for (const [name, content] of Object.entries(files)) {
      await mkdir(join(path, name, ".."), { recursive: true });
      await writeFile(join(path, name), typeof content === "string" ? content : JSON.stringify(content));
    }
    return path;
  };
  const flows = {
    "first.json": calls("main", "sub"),
    "second.json": calls("sub"),
    "junk.json": "{",
    "package.json": { name: "x" },
  };

  test("takes a file and the flows beside it, or a folder and the name of its root", async () => {
    const path = await folder(flows);
    const file = await packPath(join(path, "first.json"));
    expect(Object.keys(file.bundle.manifest.flows)).toEqual(["main", "sub"]);
    expect((await packPath(path, { root: "main" })).bundle.digest).toBe(file.bundle.digest);
    await expect(packPath(path)).rejects.toThrow("has several flows (main, sub): name the first one to run");
    await expect(packPath(path, { root: "x" })).rejects.toThrow("has no flow 'x'");
  });

  test("takes a folder with a manifest as it is", async () => {
    const { bundle } = await pack(calls("main"));
    const path = await folder({ "manifest.json": bundle.manifest, "flows/main.json": calls("main"), "notes.txt": "x" });
    const packed = await packPath(path);
    expect(openZip(packed.archive).names).toEqual(["manifest.json", "flows/main.json"]);
    expect(readBundle(packed.archive).manifest).toEqual(bundle.manifest);
  });

  test.each([
    ["nothing", {}, "has no manifest.json and no flow"],
    ["a flow id twice", { "a.json": calls("a"), "b.json": calls("a") }, "two flows with the id 'a'"],
    [
      "a manifest without its flow",
      {
        "manifest.json": {
          bundle_format_version: "1",
          bundle_id: "b",
          entrypoints: [{ flow_id: "m" }],
          flows: { m: "m.json" },
        },
      },
      "the bundle has no file 'm.json'",
    ],
  ])("refuses %s", async (_what, files, reason) => {
    await expect(packPath(await folder(files))).rejects.toThrow(reason);
  });

  test("refuses a path where nothing is", async () => {
    await expect(packPath("/nowhere/at/all")).rejects.toMatchObject({ code: "not_found" });
  });
});
