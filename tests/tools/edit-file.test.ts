import { chmodSync, readFileSync, readdirSync, statSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { editFile } from "#tools/edit-file.ts";
import { Folder, call, failure, textFrom } from "./tool-bench.ts";

const source = "def a():\n    return 1\n\ndef b():\n    return 1\n";

describe("edit_file", () => {
  test("replaces a text and answers the difference", async () => {
    using root = new Folder({ "a.py": source });
    chmodSync(root.at("a.py"), 0o755);
    const args = { file_path: "a.py", old_string: "def b():\n    return 1", new_string: "def b():\n    return 2" };
    expect(await textFrom(editFile, args, root.workspace())).toBe(
      "Changed 1 places in a.py\n--- a.py\n+++ a.py\n@@ -2,4 +2,4 @@\n     return 1\n \n def b():\n-    return 1\n+    return 2\n",
    );
    expect(readFileSync(root.at("a.py"), "utf8")).toBe("def a():\n    return 1\n\ndef b():\n    return 2\n");
    expect(statSync(root.at("a.py")).mode & 0o777).toBe(0o755);
    expect(readdirSync(root.path)).toEqual(["a.py"]);
  });

  test.each([
    [{}, "first: b, second: a a", "; 2 more places match and were left (max_replacements)"],
    [{ max_replacements: 2 }, "first: b, second: b a", "; 1 more places match"],
    [{ max_replacements: -1 }, "first: b, second: b b", "Changed 3 places in a.txt\n"],
  ])("with %j changes as many places", async (extra, expected, note) => {
    using root = new Folder({ "a.txt": "first: a, second: a a" });
    const args = { file_path: "a.txt", pattern: " a", replacement: " b", ...extra };
    expect(await textFrom(editFile, args, root.workspace())).toContain(note);
    expect(readFileSync(root.at("a.txt"), "utf8")).toBe(expected);
  });

  test.each([
    ["(\\w+) = (\\d+)", "\\2 = \\g<1>", "1 = x\n2 = y\n"],
    ["(?P<name>\\w+) =", "\\g<name>:", "x: 1\ny: 2\n"],
    ["^(\\w)", "\\n\\1", "\nx = 1\n\ny = 2\n"],
    ["\\d$", "$1 \\\\ &", "x = $1 \\ &\ny = $1 \\ &\n"],
    ["1\\ny", "z", "x = z = 2\n"],
  ])("replaces what the expression %s matches by %s", async (pattern, replacement, expected) => {
    using root = new Folder({ "a.txt": "x = 1\ny = 2\n" });
    const args = { file_path: "a.txt", pattern, replacement, use_regex: true, max_replacements: -1 };
    await textFrom(editFile, args, root.workspace());
    expect(readFileSync(root.at("a.txt"), "utf8")).toBe(expected);
  });

  test("takes a literal text literally", async () => {
    using root = new Folder({ "a.txt": "a.c abc" });
    await textFrom(editFile, { file_path: "a.txt", pattern: "a.c", replacement: "$& \\1 $1" }, root.workspace());
    expect(readFileSync(root.at("a.txt"), "utf8")).toBe("$& \\1 $1 abc");
  });

  test("changes only the lines of a range", async () => {
    using root = new Folder({ "a.txt": "x\nx\nx\nx" });
    const args = {
      file_path: "a.txt",
      pattern: "x",
      replacement: "y",
      max_replacements: -1,
      start_line: 2,
      end_line: 3,
    };
    await textFrom(editFile, args, root.workspace());
    expect(readFileSync(root.at("a.txt"), "utf8")).toBe("x\ny\ny\nx");
  });

  test("keeps Windows line ends and a byte order mark", async () => {
    using root = new Folder({ "a.txt": "\ufeffone\r\ntwo\r\nthree\r\n" });
    await textFrom(editFile, { file_path: "a.txt", pattern: "one\ntwo", replacement: "1\n2" }, root.workspace());
    expect(readFileSync(root.at("a.txt"), "utf8")).toBe("\ufeff1\r\n2\r\nthree\r\n");
  });

  test("tells the nearest line when the pattern is not there", async () => {
    using root = new Folder({ "a.py": source });
    const args = { file_path: "a.py", pattern: "    returns 1", replacement: "x" };
    expect(await failure(call(editFile, args, root.workspace()))).toBe(
      "not_found: The pattern is not in 'a.py'; the nearest is line 2:     return 1",
    );
    const inRange = { ...args, pattern: "zzz", start_line: 2, end_line: 3 };
    expect(await failure(call(editFile, inRange, root.workspace()))).toBe(
      "not_found: The pattern is not in 'a.py' in those lines",
    );
  });

  test("says when nothing changes, and shortens a huge difference", async () => {
    using root = new Folder({ "a.txt": "same", "b.txt": "line\n".repeat(10_000) });
    const same = await textFrom(
      editFile,
      { file_path: "a.txt", pattern: "same", replacement: "same" },
      root.workspace(),
    );
    expect(same).toBe("Nothing changed in a.txt: the replacement is what is there already");
    const args = { file_path: "b.txt", pattern: "line", replacement: "row", max_replacements: -1 };
    const huge = await textFrom(editFile, args, root.workspace());
    expect(huge.length).toBeLessThan(25_000);
    expect(huge).toMatch(/\[(truncated: the diff is longer|no diff)/);
    expect(readFileSync(root.at("b.txt"), "utf8")).toBe("row\n".repeat(10_000));
  });

  test("takes no longer for a hostile expression", async () => {
    using root = new Folder({ "a.txt": "a".repeat(200_000) });
    const from = performance.now();
    const slow = {
      file_path: "a.txt",
      pattern: "(?s)a.*?z|a",
      replacement: "b",
      use_regex: true,
      max_replacements: -1,
    };
    await call(editFile, slow, root.workspace()).catch((error: Error) =>
      expect(error.message).toContain("takes too long"),
    );
    const hopeless = { file_path: "a.txt", pattern: "(a+)+$x", replacement: "b", use_regex: true };
    expect(await failure(call(editFile, hopeless, root.workspace()))).toStartWith("not_found: ");
    expect(performance.now() - from).toBeLessThan(4500);
  });

  test.each([
    [{ pattern: "", replacement: "x" }, "invalid_request: The pattern is empty"],
    [{ pattern: "(", replacement: "x", use_regex: true }, "invalid_request: The pattern '(' is not a valid"],
    [{ pattern: "(a)", replacement: "\\2", use_regex: true }, "invalid_request: The replacement names group '2'"],
    [{ pattern: "(a)", replacement: "\\g<no>", use_regex: true }, "invalid_request: The replacement names group 'no'"],
    [
      { pattern: "a", replacement: "x", start_line: 9 },
      "invalid_request: 'a.txt' has 1 lines; start_line 9 is past its end",
    ],
    [{ pattern: "a", replacement: "x", start_line: 3, end_line: 2 }, "invalid_request: end_line 2 comes before"],
    [{ pattern: "a" }, "invalid_request: The tool 'edit_file' needs the argument 'replacement'"],
    [{ pattern: "a", replacement: "x", file_path: "absent" }, "not_found: 'absent' does not exist"],
    [{ pattern: "a", replacement: "x", file_path: "latin" }, "unprocessable: 'latin' is not UTF-8 text"],
    [{ pattern: "a", replacement: "x", file_path: "../a" }, "forbidden: "],
  ])("refuses %j and changes nothing", async (args, sentence) => {
    using root = new Folder({ "a.txt": "abc", latin: Uint8Array.from([0x61, 0xe9]) });
    expect(await failure(call(editFile, { file_path: "a.txt", ...args }, root.workspace()))).toStartWith(sentence);
    expect(readFileSync(root.at("a.txt"), "utf8")).toBe("abc");
    expect(readdirSync(root.path).sort()).toEqual(["a.txt", "latin"]);
  });

  test("refuses a file that is too large for an expression", async () => {
    using root = new Folder({ "a.txt": "x".repeat(600_000) });
    const args = { file_path: "a.txt", pattern: "y", replacement: "z" };
    expect(await failure(call(editFile, { ...args, use_regex: true }, root.workspace()))).toStartWith("too_large: ");
    expect(await failure(call(editFile, args, root.workspace()))).toStartWith("not_found: ");
  });
});
