import { afterEach, describe, expect, test } from "bun:test";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publishFlow } from "#bundles/visual-flows/publish.ts";
import { createVisualFlowStore } from "#bundles/visual-flows/visual-flow-store.ts";
import type { VisualFlowFields } from "#bundles/visual-flows/visual-flow.ts";
import { newId } from "#core/ids.ts";
import type { JsonObject } from "#core/value.ts";
import { exec, flow } from "#fixtures/bundles.ts";
import { rejection } from "#fixtures/rejection.ts";
import { opened } from "./open-registry.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

let time = Date.parse("2026-11-23T00:00:00Z");
const now = () => (time += 1000);

async function store() {
  const folder = join(await mkdtemp(join(tmpdir(), "visual-flows-")), "visualflows");
  folders.push(join(folder, ".."));
  return { folder, flows: createVisualFlowStore({ folder, now, newId }) };
}

const nodes = flow("f", [exec("start", "on_flow_start"), exec("end", "on_flow_end")], ["start > end"]);
const fields = (more: Partial<VisualFlowFields> = {}): VisualFlowFields => ({
  name: "Ask for a colour!",
  description: "",
  interfaces: [],
  nodes: nodes.nodes as unknown as JsonObject[],
  edges: nodes.edges as unknown as JsonObject[],
  entryNode: "start",
  ...more,
});

describe("the editor's flows", () => {
  test("are files that come back as they were saved, floats too", async () => {
    const { flows, folder } = await store();
    const made = await flows.create(fields());
    expect(made.id).toMatch(/^[0-9a-f]{8}$/);
    expect(await flows.read(made.id)).toEqual(made);
    expect(await flows.list()).toEqual([made]);
    expect(await readdir(folder)).toEqual([`${made.id}.json`]);
    await writeFile(
      join(folder, "float.json"),
      '{"id":"other","name":"x","nodes":[{"id":"a","type":"t","data":{"n":5.0}}]}',
    );
    await flows.update("float", { name: "y" });
    expect(await readFile(join(folder, "float.json"), "utf8")).toContain('"n": 5.0');
    expect((await flows.read("float")).id).toBe("float");
  });

  test("that cannot be read are passed over in the list, and told when they are asked for", async () => {
    const { flows, folder } = await store();
    expect(await flows.list()).toEqual([]);
    const made = await flows.create(fields());
    await writeFile(join(folder, "broken.json"), "{");
    await writeFile(join(folder, "list.json"), "[]");
    await writeFile(join(folder, "not a flow.json"), "{}");
    expect((await flows.list()).map(({ id }) => id)).toEqual([made.id]);
    expect(await rejection(flows.read("broken"))).toMatchObject({
      code: "invalid_request",
      message: expect.stringMatching(/is not JSON/),
    });
    expect(await rejection(flows.read("list"))).toMatchObject({ code: "invalid_request" });
  });

  test("change field by field, and not when somebody else has saved since", async () => {
    const { flows } = await store();
    const made = await flows.create(fields());
    const changed = await flows.update(made.id, { description: "new" }, made.updated_at);
    expect(changed).toEqual({ ...made, description: "new", updated_at: changed.updated_at });
    expect(changed.updated_at > made.updated_at).toBe(true);
    expect(await rejection(flows.update(made.id, { name: "z" }, made.updated_at))).toMatchObject({ code: "conflict" });
    await Promise.all([flows.update(made.id, { name: "z" }), flows.update(made.id, { interfaces: ["i"] })]);
    expect(await flows.read(made.id)).toMatchObject({ name: "z", interfaces: ["i"], description: "new" });
  });

  test("are gone when they were removed", async () => {
    const { flows } = await store();
    const { id } = await flows.create(fields());
    await flows.remove(id);
    for (const call of [flows.read(id), flows.remove(id), flows.update(id, {})]) {
      expect(await rejection(call)).toMatchObject({ code: "not_found", message: `Flow '${id}' not found` });
    }
  });

  test.each(["", "..", "../x", "a/b", "a\\b", "a\u0000b", "a.json", "x".repeat(129), "ä"])(
    "have no id such as %j",
    async (id) => {
      const { flows } = await store();
      expect(await rejection(flows.read(id))).toMatchObject({ code: "invalid_request" });
      expect(await rejection(flows.remove(id))).toMatchObject({ code: "invalid_request" });
    },
  );

  const node = (more: object = {}) => ({ id: "a", type: "t", position: { x: 0, y: 0 }, data: {}, ...more });
  const edge = (more: object = {}) => ({ source: "a", sourceHandle: "o", target: "a", targetHandle: "i", ...more });
  const rows: [reason: RegExp, more: object][] = [
    [/name must not be empty/, { name: "  " }],
    [/two nodes have the id 'a'/, { nodes: [node(), node()] }],
    [/nodes\[0\]\.id must be/, { nodes: [node({ id: "" })] }],
    [/nodes\[0\]\.id must be/, { nodes: [node({ id: 5 })] }],
    [/nodes\[0\]\.type must be/, { nodes: [node({ type: null })] }],
    [/nodes\[0\]\.position must be an object/, { nodes: [node({ position: [0, 0] })] }],
    [/nodes\[0\]\.data must be an object/, { nodes: [node({ data: "x" })] }],
    [/nodes\[0\]\.data\.inputs must be a list/, { nodes: [node({ data: { inputs: {} } })] }],
    [/nodes\[0\]\.data\.outputs must be a list/, { nodes: [node({ data: { outputs: 1 } })] }],
    [/edges\[0\]\.source names the node 'b', which is not there/, { edges: [edge({ source: "b" })] }],
    [/edges\[0\]\.target must be/, { edges: [edge({ target: undefined })] }],
    [/edges\[0\]\.sourceHandle must be/, { edges: [edge({ sourceHandle: "" })] }],
    [/edges\[0\]\.targetHandle must be/, { edges: [edge({ targetHandle: null })] }],
    [/two edges have the id 'e'/, { edges: [edge({ id: "e" }), edge({ id: "e" })] }],
    [/edges\[0\]\.animated must be a boolean/, { edges: [edge({ animated: "yes" })] }],
    [/edges has 100001 items/, { edges: Array.from({ length: 100_001 }, () => edge()) }],
  ];
  test.each(rows)("are refused with the reason: %s", async (reason, more) => {
    const { flows, folder } = await store();
    const bad = { ...fields(), entryNode: null, nodes: [node()], edges: [], ...more } as VisualFlowFields;
    const error = await rejection(flows.create(bad));
    expect(error).toMatchObject({ code: "invalid_request" });
    const { message } = error as Error;
    expect(message).toStartWith("Invalid VisualFlow JSON: ");
    expect(message).toMatch(reason);
    expect(await readdir(folder).catch(() => [])).toEqual([]);
  });
});

describe("a published flow", () => {
  async function publisher() {
    const { flows } = await store();
    const { registry } = await opened();
    const publish = (flowId: string, more: object = {}) =>
      publishFlow(
        { flowId, bundleId: null, bundleVersion: null, overwrite: false, ...more },
        { flows, bundles: registry, host: "here", now },
      );
    return { flows, registry, publish };
  }

  test("gets the next version, and says where it comes from", async () => {
    const { flows, publish, registry } = await publisher();
    const { id, updated_at } = await flows.create(fields());
    const versions = [];
    for (let n = 0; n < 3; n++) versions.push((await publish(id)).manifest);
    expect(versions.map((each) => `${each.bundle_id}@${each.bundle_version}`)).toEqual([
      "Ask-for-a-colour@0.0.0",
      "Ask-for-a-colour@0.0.1",
      "Ask-for-a-colour@0.0.2",
    ]);
    expect(versions[2]?.metadata).toEqual({
      lifecycle: { channel: "published", source: "abstractflow.editor" },
      publisher: { host: "here", published_at: expect.stringMatching(/^2026-11-23T/) },
      source: { root_flow_id: id, root_flow_name: "Ask for a colour!", root_flow_updated_at: updated_at },
      lineage: {
        bundle_id: "Ask-for-a-colour",
        bundle_version: "0.0.2",
        origin_bundle_version: "0.0.0",
        previous_bundle_version: "0.0.1",
      },
    });
    expect(registry.latest("Ask-for-a-colour").published).toBe("0.0.2");
    expect(registry.fileOf("Ask-for-a-colour", "0.0.2")).toEndWith("/flows/Ask-for-a-colour@0.0.2.flow");
  });

  test("as a draft leaves the versions alone, and replaces itself when it shall", async () => {
    const { flows, publish, registry } = await publisher();
    const { id } = await flows.create(fields());
    const draft = { bundleVersion: "draft.session-1" };
    expect((await publish(id, draft)).manifest.metadata["lifecycle"]).toMatchObject({ channel: "draft" });
    expect(await rejection(publish(id, draft))).toMatchObject({
      code: "invalid_request",
      message: expect.stringMatching(/already installed/),
    });
    await flows.update(id, { description: "changed" });
    const second = await publish(id, { ...draft, overwrite: true });
    expect(second.manifest.entrypoints[0]?.description).toBe("changed");
    expect((await publish(id)).manifest.bundle_version).toBe("0.0.0");
    expect(registry.list()).toHaveLength(2);
  });

  test("takes the flows that it calls along, and is refused when one is not there", async () => {
    const { flows, publish } = await publisher();
    const inner = await flows.create(fields({ name: "inner" }));
    const caller = (subflowId: string) =>
      flow("f", [exec("start", "on_flow_start"), exec("call", "subflow", { data: { subflowId } })], ["start > call"]);
    const outer = (subflowId: string) =>
      flows.create(
        fields({ ...(caller(subflowId) as unknown as VisualFlowFields), name: "outer", entryNode: "start" }),
      );
    const packed = await publish((await outer(inner.id)).id);
    expect(Object.keys(packed.manifest.flows)).toHaveLength(2);
    const refused = await rejection(publish((await outer("nobody")).id));
    expect(refused).toMatchObject({
      code: "invalid_request",
      message: expect.stringMatching(/calls the flow 'nobody', which is not there/),
    });
    expect(await rejection(publish((await outer("../x")).id))).toMatchObject({ code: "invalid_request" });
  });

  test.each([
    ["../x", null],
    ["a b", null],
    [null, "../1"],
    [null, "1/2"],
  ])("has no id or version such as %j, %j", async (bundleId, bundleVersion) => {
    const { flows, publish, registry } = await publisher();
    const { id } = await flows.create(fields());
    expect(await rejection(publish(id, { bundleId, bundleVersion }))).toMatchObject({ code: "invalid_request" });
    expect(registry.list()).toEqual([]);
  });

  test("published twice in one moment gets two versions", async () => {
    const { flows, publish } = await publisher();
    const { id } = await flows.create(fields({ name: "ü" }));
    const all = await Promise.all([publish(id), publish(id), publish(id)]);
    expect(all.map(({ manifest }) => manifest.bundle_version).sort()).toEqual(["0.0.0", "0.0.1", "0.0.2"]);
    expect(all[0]?.manifest.bundle_id).toBe(id);
  });
});
