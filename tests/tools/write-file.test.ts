import { chmodSync, readFileSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { writeFile } from "#tools/write-file.ts";
import { Folder, call, failure, textFrom } from "./tool-bench.ts";

describe("write_file", () => {
  test("makes a file and the folders on the way", async () => {
    using root = new Folder();
    const args = { path: "a/b/c.txt", text: "one\ntwo\n" };
    expect(await textFrom(writeFile, args, root.workspace())).toBe("Wrote 2 lines (8 bytes) to a/b/c.txt (new file)");
    expect(readFileSync(root.at("a/b/c.txt"), "utf8")).toBe("one\ntwo\n");
    expect(readdirSync(root.at("a/b"))).toEqual(["c.txt"]);
  });

  test("replaces a file and keeps its mode", async () => {
    using root = new Folder({ "run.sh": "old" });
    chmodSync(root.at("run.sh"), 0o750);
    const answer = await textFrom(writeFile, { file_path: "run.sh", content: "née" }, root.workspace());
    expect(answer).toBe("Wrote 1 lines (4 bytes) to run.sh (replaced)");
    expect(statSync(root.at("run.sh")).mode & 0o777).toBe(0o750);
    expect(readFileSync(root.at("run.sh"), "utf8")).toBe("née");
  });

  test("appends", async () => {
    using root = new Folder({ "a.txt": "one\n" });
    await textFrom(writeFile, { file_path: "a.txt", content: "two\n", mode: "A" }, root.workspace());
    expect(readFileSync(root.at("a.txt"), "utf8")).toBe("one\ntwo\n");
  });

  test("writes through a link that stays inside, and keeps the link", async () => {
    using root = new Folder({ "real.txt": "old" });
    symlinkSync("real.txt", root.at("link"));
    await textFrom(writeFile, { file_path: "link", content: "new" }, root.workspace());
    expect(readFileSync(root.at("real.txt"), "utf8")).toBe("new");
    expect(readdirSync(root.path).sort()).toEqual(["link", "real.txt"]);
  });

  test.each([
    [{ file_path: "a.txt", content: "x", mode: "x" }, "conflict: 'a.txt' exists already"],
    [{ file_path: "folder", content: "x" }, "invalid_request: 'folder' is a folder, not a file"],
    [{ file_path: "no/b.txt", content: "x", create_dirs: false }, "not_found: 'no/b.txt' does not exist"],
    [
      { file_path: "a.txt/b", content: "x" },
      "not_found: 'a.txt/b' cannot be reached: a part of its path is not a folder",
    ],
    [{ file_path: "out", content: "x" }, "forbidden: 'out' is outside the workspace of this run"],
    [{ file_path: "/etc/x", content: "x" }, "forbidden: '/etc/x' is outside the workspace of this run"],
    [{ file_path: "a.txt" }, "invalid_request: The tool 'write_file' needs the argument 'content'"],
    [
      { file_path: "a.txt", content: "x", mode: "rw" },
      "invalid_request: The argument 'mode' of 'write_file' must be one of w, a, x",
    ],
    [
      { file_path: "a.txt", content: { a: 1 } },
      "invalid_request: The argument 'content' of 'write_file' must be a string, not an object",
    ],
  ])("refuses %j and changes nothing", async (args, sentence) => {
    using root = new Folder({ "a.txt": "old", folder: null });
    symlinkSync("/nowhere-at-all/x", root.at("out"));
    expect(await failure(call(writeFile, args, root.workspace()))).toBe(sentence);
    expect(readFileSync(root.at("a.txt"), "utf8")).toBe("old");
    expect(readdirSync(root.path).sort()).toEqual(["a.txt", "folder", "out"]);
  });

  test("refuses more than it takes at once, and a call that was cancelled", async () => {
    using root = new Folder();
    const huge = { file_path: "a.txt", content: "x".repeat(10 * 1024 ** 2 + 1) };
    expect(await failure(call(writeFile, huge, root.workspace()))).toStartWith("too_large: content has 10485761 bytes");
    const cancelled = call(writeFile, { file_path: "a.txt", content: "x" }, root.workspace(), AbortSignal.abort());
    expect(await failure(cancelled)).toStartWith("cancelled: ");
    expect(readdirSync(root.path)).toEqual([]);
  });
});
