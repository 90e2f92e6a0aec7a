import { describe, expect, test } from "bun:test";
import { parseReference } from "#bundles/reference.ts";
import { isDraftVersion, latestOf } from "#bundles/versions.ts";

const versions = (...list: [version: string, created?: string][]) =>
  list.map(([bundle_version, created_at = ""]) => ({ manifest: { bundle_version, created_at } }));
const latest = (...list: [version: string, created?: string][]) =>
  latestOf(versions(...list))?.manifest.bundle_version ?? null;

describe("the latest version", () => {
  test("goes by number when all are dotted numbers", () => {
    expect(latest(["1.9"], ["1.10"], ["1.2.9"])).toBe("1.10");
    expect(latest(["0.0.1", "2030"], ["0.0.2", "2020"])).toBe("0.0.2");
    expect(latest(["20260101123000123456"], ["20260101123000123457"])).toBe("20260101123000123457");
  });

  test("does not depend on the order when numbers are equal", () => {
    expect(latest(["1.0"], ["1.0.0"])).toBe("1.0.0");
    expect(latest(["1.0.0"], ["1.0"])).toBe("1.0.0");
  });

  test("goes by creation, then by name, when one of them is no number", () => {
    expect(latest(["9.0", "2026-01-01"], ["dev", "2026-01-02"])).toBe("dev");
    expect(latest(["a", "2026"], ["b", "2026"])).toBe("b");
  });

  test("of none is none", () => expect(latest()).toBeNull());
});

test("a draft is a version that begins with draft.", () => {
  expect(["draft.1", "draft", "1.draft.", "drafts.1"].map(isDraftVersion)).toEqual([true, false, false, false]);
});

describe("a reference", () => {
  test.each([
    ["b", "b", null, null],
    ["b@1.0", "b", "1.0", null],
    ["b:f", "b", null, "f"],
    [" b@1.0:f ", "b", "1.0", "f"],
    ["b.flow", "b", null, null],
    ["b@1.0.flow", "b", "1.0", null],
    ["b@1.0.flow:main", "b", "1.0", "main"],
    ["b:f:g@1", "b", null, "f:g@1"],
  ])("%s", (text, bundleId, bundleVersion, flow) => {
    expect(parseReference(text)).toEqual({ bundleId, bundleVersion, flow });
  });

  test.each(["", ":f", "@1", "b@", "b:", ".flow", "b@:f"])("'%s' is refused", (text) => {
    expect(() => parseReference(text)).toThrow("is not a reference of the form bundle[@version][:flow]");
  });
});
