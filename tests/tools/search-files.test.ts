import { symlinkSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { searchFiles } from "#tools/search-files.ts";
import { Folder, call, failure, textFrom } from "./tool-bench.ts";

describe("search_files", () => {
  test("finds lines with their numbers", async () => {
    using root = new Folder({ "a.py": "x = 1\ndef go():\n  pass\n", "sub/b.py": "def stop():", "c.txt": "def text" });
    const args = { pattern: "def \\w+\\(", file_pattern: "*.py" };
    expect(await textFrom(searchFiles, args, root.workspace())).toBe(
      "Lines matching 'def \\w+\\(' in 2 files of '.':\na.py:\n  2: def go():\nsub/b.py:\n  1: def stop():",
    );
  });

  test("searches one file when it is named", async () => {
    using root = new Folder({ "a.txt": "alpha\nbeta", "b.txt": "alpha" });
    const answer = await textFrom(searchFiles, { query: "(?i)ALPHA", path: "a.txt" }, root.workspace());
    expect(answer).toBe("Lines matching '(?i)ALPHA' in 1 files of 'a.txt':\na.txt:\n  1: alpha");
  });

  test("says that nothing matches", async () => {
    using root = new Folder({ "a.txt": "alpha", empty: null });
    expect(await textFrom(searchFiles, { pattern: "zeta" }, root.workspace())).toBe(
      "No line in '.' matches 'zeta' (1 text files searched)",
    );
    expect(await textFrom(searchFiles, { pattern: "x", path: "empty" }, root.workspace())).toContain("0 text files");
  });

  test("passes over binary files, links, generated, hidden and ignored folders", async () => {
    using root = new Folder({
      "bin.dat": Uint8Array.from([110, 101, 101, 100, 108, 101, 0]),
      "node_modules/a.js": "needle",
      ".git/x": "needle",
      ".hidden": "needle",
      "secret/a.txt": "needle",
    });
    using other = new Folder({ "a.txt": "needle" });
    symlinkSync(other.path, root.at("way-out"));
    symlinkSync(other.at("a.txt"), root.at("file-out"));
    const workspace = root.workspace({ workspace_ignored_paths: ["secret"] });
    expect(await textFrom(searchFiles, { pattern: "needle" }, workspace)).toStartWith("No line");
    const hidden = await textFrom(searchFiles, { pattern: "needle", include_hidden: true }, workspace);
    expect(hidden).toContain(".hidden:");
    expect(hidden).not.toContain(".git/x");
  });

  test("limits lines per file and files, and says so", async () => {
    using root = new Folder(Object.fromEntries([1, 2, 3, 4].map((index) => [`f${index}`, "hit\n".repeat(10)])));
    const answer = await textFrom(searchFiles, { pattern: "hit", head_limit: 2, max_hits: 3 }, root.workspace());
    expect(answer.match(/: hit$/gm)).toHaveLength(6);
    expect(answer).toContain("[truncated: 8 more matching lines; raise head_limit]");
    expect(answer).toEndWith("[truncated: stopped after 3 files; raise max_hits or narrow path or file_pattern]");
  });

  test("keeps the answer small whatever matches", async () => {
    using root = new Folder(
      Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`f${index}`, `${"x".repeat(5000)}\n`.repeat(100)])),
    );
    const args = { pattern: "x", head_limit: 500, max_hits: 500 };
    expect((await textFrom(searchFiles, args, root.workspace())).length).toBeLessThan(120_000);
  });

  test.each(["^(a+)+$", "^(a|a)*$", "(.*a){25}b", "^(?:a?){40}a{40}$"])(
    "takes no longer for the pattern %s, at which others never end",
    async (pattern) => {
      using root = new Folder({ "a.txt": `${"a".repeat(15_000)}!\n`.repeat(5) });
      const from = performance.now();
      await textFrom(searchFiles, { pattern }, root.workspace());
      expect(performance.now() - from).toBeLessThan(5000);
    },
  );

  test.each([
    ["(", "missing closing )"],
    ["", "The pattern is empty"],
    ["(?=a)b", "look-ahead and look-behind are not supported"],
    ["(?<!a)b", "look-ahead and look-behind are not supported"],
    ["(a)\\1", "back-references are not supported"],
    ["x".repeat(1001), "1001 characters"],
    ["((a{100}){100}){100}", "invalid repeat count"],
  ])("refuses the pattern %s", async (pattern, reason) => {
    using root = new Folder({ "a.txt": "a" });
    const sentence = await failure(call(searchFiles, { pattern }, root.workspace()));
    expect(sentence).toStartWith("invalid_request: ");
    expect(sentence).toContain(reason);
  });

  test.each([
    [{ pattern: "x", path: "absent" }, "not_found: 'absent' does not exist"],
    [{ pattern: "x", path: "b.bin" }, "unprocessable: 'b.bin' is a binary file of 1 bytes, not text"],
    [{ pattern: "x", path: ".." }, "forbidden: '..' leads out of the workspace of this run"],
  ])("refuses %j", async (args, sentence) => {
    using root = new Folder({ "b.bin": Uint8Array.from([0]) });
    expect(await failure(call(searchFiles, args, root.workspace()))).toBe(sentence);
  });

  test("stops when nobody waits any more", async () => {
    using root = new Folder({ "a.txt": "x" });
    const stop = new AbortController();
    const answer = call(searchFiles, { pattern: "x" }, root.workspace(), stop.signal);
    stop.abort();
    expect(await failure(answer)).toBe("cancelled: The call was cancelled");
  });
});
