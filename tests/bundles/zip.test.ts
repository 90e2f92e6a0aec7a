import { describe, expect, test } from "bun:test";
import { zipSync } from "fflate";
import { deflateRawSync } from "node:zlib";
import { defaultArchiveLimits } from "#bundles/archive-limits.ts";
import { openZip } from "#bundles/zip.ts";
import { AppError } from "#core/errors.ts";
import { type RawArchive, type RawEntry, rawZip } from "./raw-zip.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Opens and reads everything; the error, which must be an AppError, or null. */
function problem(archive: Uint8Array, limits = defaultArchiveLimits): AppError | null {
  try {
    const zip = openZip(archive, limits);
    for (const name of zip.names) zip.read(name);
    return null;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

describe("a sound archive", () => {
  test("gives its files, stored and deflated, and hides its folders", () => {
    const zip = openZip(
      rawZip([
        { name: "flows/", stored: true, mode: 0o040755 },
        { name: "flows/a.json", content: "a".repeat(1000) },
        { name: "übung.txt", content: "ü", stored: true },
        { name: "empty", content: "" },
      ]),
    );
    expect(zip.names).toEqual(["flows/a.json", "übung.txt", "empty"]);
    expect(text(zip.read("flows/a.json"))).toBe("a".repeat(1000));
    expect(text(zip.read("übung.txt"))).toBe("ü");
    expect(zip.read("empty")).toHaveLength(0);
    expect(zip.has("flows/")).toBe(false);
  });

  test("may have sizes that follow the data, a comment, and a mode without a file type", () => {
    const zeros = { crc: 0, bytes: 0, compressed: 0 };
    const entries: RawEntry[] = [
      { name: "a", content: "x", flags: 0x808, local: { ...zeros, flags: 0x808 } },
      { name: "b", content: "y", mode: 0o600 },
      { name: "c", content: "z", mode: 0 },
    ];
    expect(problem(rawZip(entries, { comment: "made by hand" }))).toBeNull();
  });

  test("comes from a common packer too", () => {
    const zip = openZip(
      zipSync({ "manifest.json": new TextEncoder().encode("{}"), flows: { "a.json": new Uint8Array(3) } }),
    );
    expect(zip.names).toEqual(["manifest.json", "flows/a.json"]);
  });
});

const a: RawEntry = { name: "a", content: "x" };
const zip64Extra = Uint8Array.of(1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0);
const otherThenZip64 = Uint8Array.of(9, 9, 1, 0, 7, ...zip64Extra);
const zip64Locator = Uint8Array.of(0x50, 0x4b, 0x06, 0x07, ...new Uint8Array(16));

const hostile: [what: string, entries: RawEntry[], archive: RawArchive, reason: string][] = [
  ["an absolute path", [{ name: "/etc/passwd" }], {}, "is absolute"],
  ["a path that leaves", [{ name: "flows/../../x" }], {}, "'.' or '..' segment"],
  ["a path with a dot", [{ name: "./x" }], {}, "'.' or '..' segment"],
  ["a folder that leaves", [{ name: "../", stored: true, mode: 0o040755 }], {}, "'.' or '..' segment"],
  ["an empty segment", [{ name: "a//b" }], {}, "empty segment"],
  ["a drive letter", [{ name: "C:/x" }], {}, "drive letter"],
  ["a backslash", [{ name: "a\\..\\b" }], {}, "backslash"],
  ["a control character", [{ name: "a\u0000.json" }], {}, "control character"],
  ["an empty name", [{ name: "" }], {}, "is empty"],
  ["a name of 600 characters", [{ name: "a".repeat(600) }], {}, "longer than"],
  ["a name that is not UTF-8", [{ name: Uint8Array.of(0xff, 0xfe) }], {}, "not UTF-8"],
  ["the same name twice", [a, a], {}, "two entries with the name 'a'"],
  ["a name in two letter cases", [{ name: "Flows/a" }, { name: "flows/A" }], {}, "differ only in letter case"],
  ["a name in two Unicode forms", [{ name: "\u00e9" }, { name: "e\u0301" }], {}, "differ only"],
  ["a file and a folder of one name", [a, { name: "a/", stored: true, mode: 0o040755 }], {}, "differ only"],
  ["a symbolic link", [{ ...a, mode: 0o120777 }], {}, "symbolic link"],
  ["a device", [{ ...a, mode: 0o020666 }], {}, "not a plain file"],
  ["a file that says it is a folder", [{ ...a, mode: 0o040755 }], {}, "not a plain file"],
  ["a folder with content", [{ name: "a/", content: "x", mode: 0o040755 }], {}, "folder with content"],
  ["an encrypted entry", [{ ...a, flags: 0x801 }], {}, "is encrypted"],
  ["a strongly encrypted entry", [{ ...a, flags: 0x841 }], {}, "is encrypted"],
  ["a masked directory", [{ ...a, flags: 0x2800 }], {}, "is encrypted"],
  ["a patch", [{ ...a, flags: 0x820 }], {}, "is a patch"],
  ["an unknown compression method", [{ ...a, method: 12 }], {}, "unknown compression method 12"],
  ["zip64 sizes", [{ ...a, bytes: 0xffffffff }], {}, "zip64"],
  ["a zip64 field", [{ ...a, extra: zip64Extra }], {}, "zip64"],
  ["a zip64 field behind another", [{ ...a, extra: otherThenZip64 }], {}, "zip64"],
  ["a zip64 count", [a], { count: 0xffff }, "zip64"],
  ["a zip64 locator", [a], { beforeEnd: zip64Locator }, "zip64"],
  ["another disk", [{ ...a, disk: 1 }], {}, "another part"],
  ["several disks", [a], { disk: 1 }, "one part of several"],
  ["a damaged CRC", [{ ...a, crc: 1 }], {}, "CRC mismatch"],
  ["more bytes than declared", [{ name: "a", content: "xyz", bytes: 2 }], {}, "larger than declared"],
  ["fewer bytes than declared", [{ name: "a", content: "xyz", bytes: 4 }], {}, "declared size"],
  ["a stored file of two sizes", [{ name: "a", content: "xyz", stored: true, bytes: 2 }], {}, "two sizes differ"],
  ["data that is no deflate", [{ name: "a", content: "xyz", data: Uint8Array.of(7, 7, 7) }], {}, "is damaged"],
  [
    "bytes behind the deflated data",
    [{ name: "a", content: "xyz", data: Buffer.concat([deflateRawSync("xyz"), Buffer.from("junk")]) }],
    {},
    "declared size",
  ],
  ["another name in the header", [{ ...a, local: { name: "b" } }], {}, "described differently"],
  ["another method in the header", [{ ...a, local: { method: 0 } }], {}, "described differently"],
  ["another size in the header", [{ ...a, local: { bytes: 9 } }], {}, "described differently"],
  ["encryption in the header only", [{ ...a, local: { flags: 0x801 } }], {}, "described differently"],
  ["two entries at one place", [a, { ...a, name: "a", localOffset: 0 }], {}, "two entries with the name"],
  [
    "overlapping entries",
    [
      { ...a, compressedBytes: 20 },
      { ...a, name: "b" },
    ],
    {},
    "overlaps",
  ],
  ["an entry in the directory", [{ ...a, localOffset: 1_000_000 }], {}, "no header"],
  ["an entry that reaches into the directory", [{ ...a, compressedBytes: 4000 }], {}, "is truncated"],
  ["a directory with fewer entries than said", [a], { count: 2 }, "truncated or damaged at entry 2 of 2"],
  ["a directory with more entries than said", [a, { ...a, name: "b" }], { count: 1 }, "more than its entries"],
  ["a directory that is cut off", [a], { directoryBytes: 20 }, "truncated or not where"],
  ["a directory elsewhere", [a], { directoryOffset: 3 }, "truncated or not where"],
  ["something before it", [a], { before: new Uint8Array(10), directoryOffset: 10 }, "truncated or not where"],
  ["something behind it", [a], { after: Uint8Array.of(1) }, "its end is missing"],
];

describe("an archive is refused for", () => {
  test.each(hostile)("%s", (_what, entries, archive, reason) => {
    const error = problem(rawZip(entries, archive));
    expect(error?.code).toBe("invalid_request");
    expect(error?.message).toContain("The bundle archive is refused: ");
    expect(error?.message).toContain(reason);
  });

  test.each([
    ["nothing", new Uint8Array()],
    ["a text", new TextEncoder().encode("hello, this is not a zip file at all")],
    ["a half", rawZip([a]).slice(0, 40)],
  ])("being %s", (_what, bytes) => {
    expect(problem(bytes)?.message).toContain("not a zip file, or its end is missing");
  });
});

describe("limits hold before anything is inflated", () => {
  const limits = {
    ...defaultArchiveLimits,
    maxArchiveBytes: 10_000,
    maxEntries: 3,
    maxEntryBytes: 5000,
    maxTotalBytes: 8000,
  };
  const lie = { data: Uint8Array.of(0xff), local: {} };

  test.each([
    ["too many entries", ["a", "b", "c", "d"].map((name) => ({ name })), "4 entries, more than 3"],
    ["an entry that is too large", [{ name: "a", bytes: 5001, ...lie }], "5001 bytes, more than 5000"],
    ["too much in all", ["a", "b"].map((name) => ({ name, bytes: 4500, ...lie })), "more than 8000 bytes"],
    [
      "an archive that is too large",
      [{ name: "a", content: new Uint8Array(12_000), stored: true }],
      "bytes, more than 10000",
    ],
  ] as [string, RawEntry[], string][])("%s", (_what, entries, reason) => {
    const error = problem(rawZip(entries), limits);
    expect(error?.code).toBe("too_large");
    expect(error?.message).toContain(reason);
  });

  test("a bomb is refused by its ratio, and one that lies about its size stops at that size", () => {
    const content = new Uint8Array(20_000_000);
    const started = performance.now();
    expect(problem(rawZip([{ name: "bomb", content }]))?.message).toContain("compressed more than 200 times");
    const lying = rawZip([{ name: "bomb", data: deflateRawSync(content), bytes: 1000 }]);
    const before = process.memoryUsage().arrayBuffers;
    expect(problem(lying)?.message).toContain("larger than declared");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5_000_000);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test("a small file may be of spaces only", () => {
    expect(problem(rawZip([{ name: "a", content: " ".repeat(60_000) }]))).toBeNull();
  });
});
