import { describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packFiles } from "#bundles/pack-files.ts";
import { flowProblem, readBundle } from "#bundles/read-bundle.ts";
import { readArchive } from "#bundles/read-folder.ts";
import { AppError } from "#core/errors.ts";
import { archive, exec, flow } from "#fixtures/bundles.ts";
import { rawZip } from "./raw-zip.ts";

const encode = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const manifest = (flows: Record<string, string>, more: object = {}) => ({
  bundle_format_version: "1",
  bundle_id: "b",
  bundle_version: "1",
  entrypoints: [{ flow_id: Object.keys(flows)[0] }],
  flows,
  ...more,
});
const files = (entries: Record<string, unknown>) =>
  new Map(Object.entries(entries).map(([name, value]) => [name, encode(value)]));
const zip = (entries: Record<string, unknown>) => packFiles(files(entries), { store: true });
const sound = (id: string) => flow(id, [exec("start", "on_flow_start")], []);

test("a bundle has its documents as they were, its flows with unique ids, and the digest of its bytes", () => {
  const call = flow(
    "main",
    [exec("start", "on_flow_start"), exec("c", "subflow", { data: { flowId: "sub" } })],
    ["start > c"],
  );
  const bytes = archive("b", [call, sound("sub")], "2.0");
  const bundle = readBundle(bytes);
  expect(bundle.digest).toBe(new Bun.CryptoHasher("sha256").update(bytes).digest("hex"));
  expect(bundle.documents["main"]).toEqual(JSON.parse(JSON.stringify(call)));
  expect(Object.values(bundle.flows).map((each) => each.id)).toEqual(["b@2.0:main", "b@2.0:sub"]);
  expect(bundle.flows["main"]?.nodes[1]?.data["flowId"]).toBe("b@2.0:sub");
  expect(bundle.warnings).toEqual([]);
});

test("a byte order mark and another id in the file are tolerated", () => {
  const bundle = readBundle(
    zip({ "manifest.json": manifest({ main: "m.json" }), "m.json": `\ufeff${JSON.stringify(sound("x"))}` }),
  );
  expect(bundle.flows["main"]?.id).toBe("b@1:main");
  expect(bundle.warnings).toEqual(["Flow 'main': the file says that its id is 'x'"]);
});

describe("a bad flow leaves the others alone", () => {
  test.each([
    ["is missing", undefined, "the bundle has no file 'bad.json'"],
    ["is not JSON", "{", "its file 'bad.json' is not JSON"],
    [
      "is nested too deeply",
      `{"id":"bad","x":${"[".repeat(300)}${"]".repeat(300)},"nodes":[]}`,
      "nested deeper than 200",
    ],
    [
      "is nested beyond a stack, with floats",
      `{"x":5.0,"y":${"[".repeat(200_000)}${"]".repeat(200_000)}}`,
      "nested too deeply",
    ],
    ["has no nodes", { id: "bad" }, "it has no list of nodes"],
  ])("when it %s", (_what, content, reason) => {
    const flows = { main: "main.json", bad: "bad.json" };
    const bundle = readBundle(
      zip({
        "manifest.json": manifest(flows),
        "main.json": sound("main"),
        ...(content === undefined ? {} : { "bad.json": content }),
      }),
    );
    expect(Object.keys(bundle.flows)).toEqual(["main"]);
    expect(bundle.warnings).toHaveLength(1);
    expect(bundle.warnings[0]).toStartWith("Flow 'bad' cannot run: ");
    expect(flowProblem(bundle, "bad")).toContain(reason);
    expect(flowProblem(bundle, "main")).toBeNull();
  });

  test("and text that is not UTF-8 is such a flow", () => {
    const entries = files({
      "manifest.json": manifest({ main: "main.json", bad: "bad.json" }),
      "main.json": sound("main"),
    });
    const bundle = readBundle(packFiles(entries.set("bad.json", Uint8Array.of(0x7b, 0xff))));
    expect(flowProblem(bundle, "bad")).toContain("is not UTF-8");
  });
});

describe("a bundle is refused when", () => {
  test.each([
    ["it has no manifest", { "x.json": {} }, "it has no manifest.json"],
    ["its manifest is in a folder", { "b/manifest.json": {} }, "in the folder 'b' and not at the top"],
    ["its manifest is not JSON", { "manifest.json": "{" }, "manifest.json is not JSON"],
    [
      "nothing in it can be started",
      { "manifest.json": manifest({ main: "m.json" }) },
      "Flow 'main' cannot run: the bundle has no file",
    ],
  ])("%s", (_what, entries, reason) => {
    expect(() => readBundle(zip(entries))).toThrow(AppError);
    expect(() => readBundle(zip(entries))).toThrow(reason);
  });

  test("a file in it is damaged, be it a flow's or an asset", () => {
    const content = JSON.stringify(manifest({ main: "main.json" }));
    const main = { name: "main.json", content: JSON.stringify(sound("main")) };
    const asset = { name: "logo.png", content: "x" };
    const start = { name: "manifest.json", content };
    expect(readBundle(rawZip([start, main, asset])).warnings).toEqual([]);
    for (const damaged of [
      [start, { ...main, crc: 1 }, asset],
      [start, main, { ...asset, crc: 1 }],
    ]) {
      expect(() => readBundle(rawZip(damaged))).toThrow("CRC mismatch");
    }
    expect(() => readBundle(rawZip([start, main, { ...asset, crc: 1 }]), { completely: false })).not.toThrow();
  });
});

test("an asset that is not there is a warning", () => {
  const entries = {
    "manifest.json": manifest({ main: "m.json" }, { assets: { logo: "logo.png" } }),
    "m.json": sound("main"),
  };
  expect(readBundle(zip(entries)).warnings).toEqual(["The file 'logo.png' of 'logo' is not in the bundle"]);
});

describe("a folder with the layout of an archive", () => {
  const folder = async (entries: Record<string, unknown>) => {
    const path = await mkdtemp(join(tmpdir(), "bundle-folder-"));
    for (const [name, value] of Object.entries(entries)) {
      await mkdir(join(path, name, ".."), { recursive: true });
      await writeFile(join(path, name), encode(value));
    }
    return path;
  };
  const layout = { "manifest.json": manifest({ main: "flows/main.json" }), "flows/main.json": sound("main") };

  test("is read, and its digest depends on what the manifest names and on nothing else", async () => {
    const one = readBundle(await readArchive(await folder({ ...layout, ".git/config": "x" })));
    const two = readBundle(await readArchive(await folder(layout)));
    const three = readBundle(
      await readArchive(await folder({ ...layout, "flows/main.json": { ...sound("main"), name: "n" } })),
    );
    expect(one.flows["main"]?.id).toBe("b@1:main");
    expect(two.digest).toBe(one.digest);
    expect(three.digest).not.toBe(one.digest);
  });

  test("may not reach outside through a link", async () => {
    const path = await folder({ "manifest.json": layout["manifest.json"] });
    const outside = await folder({ "main.json": sound("main") });
    await symlink(outside, join(path, "flows"));
    await expect(readArchive(path)).rejects.toThrow("the file 'flows/main.json' is behind a symbolic link");
  });

  test("has limits too", async () => {
    const limits = { maxArchiveBytes: 1000, maxEntries: 9, maxEntryBytes: 100, maxTotalBytes: 1000, maxRatio: 200 };
    await expect(readArchive(await folder(layout), limits)).rejects.toMatchObject({ code: "too_large" });
  });

  test("without a manifest, or nothing at all, is said so", async () => {
    await expect(readArchive(await folder({ x: 1 }))).rejects.toThrow("There is no manifest.json in ");
    await expect(readArchive("/nowhere/at/all")).rejects.toMatchObject({ code: "not_found" });
  });
});
