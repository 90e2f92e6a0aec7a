import { describe, expect, test } from "bun:test";
import { chmod, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { builtinBundles } from "#bundles/builtin.ts";
import { readBundle } from "#bundles/read-bundle.ts";
import type { BundleRegistry } from "#bundles/registry.ts";
import { archive, exec, flow } from "#fixtures/bundles.ts";
import { bundle, opened } from "./open-registry.ts";

const start = exec("start", "on_flow_start");
const refs = (registry: BundleRegistry) =>
  registry.list().map(({ manifest }) => `${manifest.bundle_id}@${manifest.bundle_version}`);

describe("the folder", () => {
  test("is made when it is missing, and may be empty", async () => {
    const { registry, flowsDir } = await opened();
    expect(registry.list()).toEqual([]);
    expect(await readdir(flowsDir)).toEqual([]);
  });

  test("gives archives and folders by id and version; the rest is skipped with a reason or none of its business", async () => {
    const { manifest, documents } = readBundle(bundle("folder"));
    const { registry, reports } = await opened({
      "b.flow": bundle("b"),
      "a@2.flow": bundle("a", "2"),
      "a@10.flow": bundle("a", "10"),
      "broken.flow": "not a zip",
      "copy-of-b.flow": bundle("b", "1.0.0", "other"),
      "mine/manifest.json": JSON.stringify(manifest),
      "mine/flows/main.json": JSON.stringify(documents["main"]),
      "notes/readme.txt": "x",
      "readme.md": "x",
      ".hidden.flow": "x",
    });
    expect(refs(registry)).toEqual(["a@10", "a@2", "b@1.0.0", "folder@1.0.0"]);
    expect(registry.find("b")?.bundle.flows["main"]?.nodes[0]?.data["label"]).toBe("");
    expect(reports).toEqual([
      "broken.flow was skipped: The bundle archive is refused: it is not a zip file, or its end is missing",
      "copy-of-b.flow was skipped: b@1.0.0 is already there under another file name",
    ]);
    expect(registry.find("folder")?.removable).toBe(false);
    expect(registry.find("b")?.removable).toBe(true);
  });

  test("is looked at again by reload", async () => {
    const { registry, flowsDir } = await opened({ "a.flow": bundle("a") });
    await writeFile(join(flowsDir, "b.flow"), bundle("b"));
    await writeFile(join(flowsDir, "c.flow"), "junk");
    await rm(join(flowsDir, "a.flow"));
    const { bundleIds, skipped } = await registry.reload();
    expect(bundleIds).toEqual(["b"]);
    expect(skipped.map(({ file }) => file)).toEqual(["c.flow"]);
    expect(refs(registry)).toEqual(["b@1.0.0"]);
  });

  test("that is a file is one sentence", async () => {
    const { dataDir, again } = await opened();
    await writeFile(join(dataDir, "file"), "x");
    await expect(again({ flowsDir: join(dataDir, "file") })).rejects.toMatchObject({ code: "storage" });
  });
});

describe("find and latest", () => {
  test("prefer published versions, and take a draft when there is nothing else", async () => {
    const { registry } = await opened({
      "1": "x",
      "a@1.flow": bundle("a", "1.9"),
      "a@2.flow": bundle("a", "1.10"),
      "a@d.flow": bundle("a", "draft.z"),
      "d.flow": bundle("d", "draft.1"),
    });
    expect(registry.find("a")?.manifest.bundle_version).toBe("1.10");
    expect(registry.find("a", "draft.z")?.isDraft).toBe(true);
    expect(registry.find("d")?.manifest.bundle_version).toBe("draft.1");
    expect(registry.find("a", "3")).toBeNull();
    expect(registry.find("__proto__")).toBeNull();
    expect(registry.latest("a")).toEqual({ published: "1.10", any: "draft.z" });
    expect(registry.latest("d")).toEqual({ published: null, any: "draft.1" });
    expect(registry.latest("nobody")).toEqual({ published: null, any: null });
  });
});

describe("resolve", () => {
  const two = { ...flow("two", [start], []), name: "Second" };
  const several = () => {
    const { manifest, documents } = readBundle(archive("several", [flow("one", [start], []), two]));
    const entrypoints = [
      { flow_id: "one", name: "Same" },
      { flow_id: "two", name: "SAME" },
    ];
    return { manifest: JSON.stringify({ ...manifest, entrypoints, default_entrypoint: undefined }), documents };
  };
  const files = async () => {
    const { manifest, documents } = several();
    return opened({
      "a.flow": archive("a", [{ ...flow("main", [start], []), name: "The Main One" }, two], "1.0"),
      "a2.flow": archive("a", [flow("main", [start], [])], "2.0"),
      "s/manifest.json": manifest,
      "s/flows/one.json": JSON.stringify(documents["one"]),
      "s/flows/two.json": JSON.stringify(documents["two"]),
    });
  };

  test.each([
    [{ bundleId: "a" }, "a@2.0:main", "main"],
    [{ bundleId: "a@1.0" }, "a@1.0:main", "main"],
    [{ bundleId: "a@1.0.flow" }, "a@1.0:main", "main"],
    [{ bundleId: "a", bundleVersion: "1.0" }, "a@1.0:main", "main"],
    [{ bundleId: "a@1.0", bundleVersion: "1.0" }, "a@1.0:main", "main"],
    [{ bundleId: "a@1.0", flowId: "two" }, "a@1.0:two", null],
    [{ bundleId: "a@1.0:two" }, "a@1.0:two", null],
    [{ flowId: "a@1.0:two" }, "a@1.0:two", null],
    [{ flowId: "a:main" }, "a@2.0:main", "main"],
    [{ bundleId: "a", bundleVersion: "1.0", flowId: "a:two" }, "a@1.0:two", null],
    [{ bundleId: "a@1.0", flowId: "the MAIN one" }, "a@1.0:main", "main"],
    [{ bundleId: "several", flowId: "two" }, "several@1.0.0:two", "two"],
  ])("%p is %s", async (request, workflowId, entrypoint) => {
    const resolved = (await files()).registry.resolve(request);
    expect(resolved.workflowId).toBe(workflowId);
    expect(resolved.entrypoint?.flow_id ?? null).toBe(entrypoint);
    expect(
      `${resolved.installed.manifest.bundle_id}@${resolved.installed.manifest.bundle_version}:${resolved.flowId}`,
    ).toBe(workflowId);
  });

  test.each([
    [{}, "invalid_request", "bundle_id is required: 2 bundles are installed"],
    [{ flowId: "main" }, "invalid_request", "bundle_id is required"],
    [{ bundleId: "x" }, "not_found", "Bundle 'x' not found"],
    [{ bundleId: "a@3" }, "not_found", "Bundle 'a@3' not found"],
    [{ bundleId: "a", flowId: "x" }, "not_found", "Flow 'x' not found in bundle 'a@2.0'"],
    [{ bundleId: "a", flowId: "x:main" }, "not_found", "Flow 'x:main' not found in bundle 'a@2.0'"],
    [
      { bundleId: "a@1.0", bundleVersion: "2.0" },
      "invalid_request",
      "two different values for bundle_version: '1.0' and '2.0'",
    ],
    [{ bundleId: "several", flowId: "a:main" }, "invalid_request", "two different values for bundle_id"],
    [{ bundleId: "several" }, "invalid_request", "several entrypoints (one, two): flow_id is required"],
    [{ bundleId: "several", flowId: "same" }, "invalid_request", "the name of several entrypoints"],
    [{ bundleId: "@1" }, "invalid_request", "is not a reference"],
  ])("%p is %s", async (request, code, message) => {
    const { registry } = await files();
    const refuse = () => registry.resolve(request);
    expect(refuse).toThrow(message);
    expect(refuse).toThrow(expect.objectContaining({ code }));
  });

  test("needs no bundle when there is one, the built-in ones not counted", async () => {
    const { registry, dataDir, again } = await opened({ "a.flow": bundle("a") }, { builtin: builtinBundles() });
    expect(registry.resolve({}).workflowId).toBe("a@1.0.0:main");
    expect(registry.resolve({ flowId: "main" }).workflowId).toBe("a@1.0.0:main");
    expect(() => registry.resolve({ flowId: "x" })).toThrow("Flow 'x' not found");
    const none = await again({ flowsDir: join(dataDir, "other") });
    expect(() => none.resolve({})).toThrow("bundle_id is required: no bundle is installed");
    expect(none.resolve({ bundleId: "hello" }).installed.removable).toBe(false);
  });

  test("a flow that was found damaged says why it cannot run", async () => {
    const bad = { ...flow("bad", [], []), nodes: null as never };
    const { registry } = await opened({ "a.flow": archive("a", [flow("main", [start], []), bad]) });
    expect(() => registry.resolve({ bundleId: "a", flowId: "bad" })).toThrow(
      "Flow 'bad' cannot run: it has no list of nodes",
    );
    expect(registry.resolve({ bundleId: "a" }).flowId).toBe("main");
  });
});

describe("install", () => {
  test("puts the archive into the folder as id@version and knows it at once and after a restart", async () => {
    const { registry, flowsDir, again } = await opened();
    const installed = await registry.install(bundle("a", "1.0"), { overwrite: false });
    expect(installed.manifest.bundle_id).toBe("a");
    expect(await readdir(flowsDir)).toEqual(["a@1.0.flow"]);
    expect(refs(registry)).toEqual(["a@1.0"]);
    expect(refs(await again())).toEqual(["a@1.0"]);
  });

  test("refuses a version that is there, unless it may overwrite; the old one stays open by its digest", async () => {
    const { registry, flowsDir } = await opened({ "old-name.flow": bundle("a", "1.0", "old") });
    const old = registry.find("a")?.digest ?? "";
    await expect(registry.install(bundle("a", "1.0", "new"), { overwrite: false })).rejects.toThrow(
      "Bundle already installed: a@1.0",
    );
    const { digest } = await registry.install(bundle("a", "1.0", "new"), { overwrite: true });
    expect(digest).not.toBe(old);
    expect(await readdir(flowsDir)).toEqual(["a@1.0.flow"]);
    await registry.reload();
    expect(registry.find("a")?.bundle.flows["main"]?.nodes[0]?.data["label"]).toBe("new");
    expect((await registry.open(old)).flows["main"]?.nodes[0]?.data["label"]).toBe("old");
  });

  test("refuses what is hostile and leaves no trace", async () => {
    const { registry, flowsDir, dataDir } = await opened();
    await expect(registry.install(new Uint8Array(100), { overwrite: true })).rejects.toMatchObject({
      code: "invalid_request",
    });
    await expect(registry.install(bundle("a", "../x"), { overwrite: true })).rejects.toThrow(
      "bundle_version '../x' has characters",
    );
    await registry.reload();
    expect(await readdir(flowsDir)).toEqual([]);
    expect(await readdir(dataDir)).toEqual(["flows"]);
  });

  test("refuses an archive beyond the limit", async () => {
    const { registry } = await opened({}, { limits: { maxArchiveBytes: 100 } });
    await expect(registry.install(bundle("a"), { overwrite: false })).rejects.toMatchObject({ code: "too_large" });
  });

  test("of many at once, and of the same at once, goes one after the other", async () => {
    const { registry } = await opened();
    const many = Array.from({ length: 10 }, (_, index) =>
      registry.install(bundle("a", `${index}.0`), { overwrite: false }),
    );
    const same = Array.from({ length: 5 }, () => registry.install(bundle("b"), { overwrite: false }));
    const results = await Promise.allSettled([...many, registry.reload(), ...same]);
    expect(results.filter((each) => each.status === "rejected")).toHaveLength(4);
    expect(registry.list()).toHaveLength(11);
    expect(registry.find("a")?.manifest.bundle_version).toBe("9.0");
  });

  test.skipIf(process.getuid?.() === 0)(
    "on a read-only folder is one sentence and changes nothing (skipped as root)",
    async () => {
      const { registry, flowsDir } = await opened({ "a.flow": bundle("a") });
      await chmod(flowsDir, 0o500);
      await expect(registry.install(bundle("b"), { overwrite: false })).rejects.toThrow("permission denied");
      expect(refs(registry)).toEqual(["a@1.0.0"]);
      await chmod(flowsDir, 0o700);
    },
  );
});

describe("remove", () => {
  test("takes one version or all, copies under other names too, and answers how many went", async () => {
    const { registry, flowsDir } = await opened({
      "a@1.flow": bundle("a", "1"),
      "copy.flow": bundle("a", "1", "copy"),
      "a@2.flow": bundle("a", "2"),
      "b.flow": bundle("b"),
    });
    const digest = registry.find("a", "1")?.digest ?? "";
    expect(await registry.remove("a", "1")).toBe(1);
    expect((await readdir(flowsDir)).sort()).toEqual(["a@2.flow", "b.flow"]);
    expect(await registry.remove("a")).toBe(1);
    expect(await registry.remove("a")).toBe(0);
    expect(refs(registry)).toEqual(["b@1.0.0"]);
    expect((await registry.open(digest)).manifest.bundle_version).toBe("1");
  });

  test("refuses what is built in and what is somebody's folder", async () => {
    const { manifest, documents } = readBundle(bundle("mine"));
    const { registry } = await opened(
      { "mine/manifest.json": JSON.stringify(manifest), "mine/flows/main.json": JSON.stringify(documents["main"]) },
      { builtin: builtinBundles() },
    );
    await expect(registry.remove("hello")).rejects.toThrow("Bundle 'hello@1.0.0' is built in and cannot be removed");
    await expect(registry.remove("mine")).rejects.toThrow("it is removed there");
    await expect(registry.install(bundle("mine"), { overwrite: true })).rejects.toThrow("it is changed there");
  });

  test("of a version that stood before a built-in one brings that back", async () => {
    const { registry } = await opened({}, { builtin: builtinBundles() });
    const builtin = registry.find("hello")?.digest;
    await expect(registry.install(bundle("hello"), { overwrite: false })).rejects.toThrow("already installed");
    const own = await registry.install(bundle("hello"), { overwrite: true });
    expect(registry.find("hello")).toMatchObject({ digest: own.digest, removable: true });
    expect(await registry.remove("hello")).toBe(1);
    expect(registry.find("hello")).toMatchObject({ digest: builtin ?? "", removable: false });
  });
});

describe("open by digest", () => {
  test("works for what was seen once, in another process too, and for built-in bundles of an older executable", async () => {
    const { registry, flowsDir, again } = await opened({ "a.flow": bundle("a") }, { builtin: builtinBundles() });
    const digests = registry.list().map((each) => each.digest);
    await rm(join(flowsDir, "a.flow"));
    const later = await again({ builtin: [] });
    expect(later.list()).toEqual([]);
    for (const digest of digests) expect((await later.open(digest)).digest).toBe(digest);
    expect(await later.open(digests[0] ?? "")).toBe(await later.open(digests[0] ?? ""));
  });

  test("says gone for what is nowhere, damaged, or no digest at all", async () => {
    const { registry, dataDir, again } = await opened({ "a.flow": bundle("a") });
    const digest = registry.find("a")?.digest ?? "";
    await writeFile(join(dataDir, "bundles", `${digest}.flow`), bundle("b"));
    const later = await again({ flowsDir: join(dataDir, "none") });
    await expect(later.open(digest)).rejects.toThrow("is damaged on the disk");
    await expect(later.open("0".repeat(64))).rejects.toMatchObject({ code: "gone" });
    await expect(later.open("../../etc/passwd")).rejects.toMatchObject({ code: "gone" });
  });

  test("keeps only so many in memory", async () => {
    const { registry, flowsDir, again } = await opened({
      "a.flow": bundle("a"),
      "b.flow": bundle("b"),
      "c.flow": bundle("c"),
    });
    const [a = "", b = "", c = ""] = registry.list().map((each) => each.digest);
    await rm(flowsDir, { recursive: true });
    const later = await again({ maxOpenBundles: 2 });
    const first = await later.open(a);
    await later.open(b);
    expect(await later.open(a)).toBe(first);
    await later.open(c);
    expect(await later.open(a)).toBe(first);
    await later.open(b);
    await later.open(c);
    expect(await later.open(a)).not.toBe(first);
  });
});
