import { mkdirSync, symlinkSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { fileError } from "#tools/file-error.ts";
import { readFile } from "#tools/read-file.ts";
import { Folder, call, failure, textFrom } from "./tool-bench.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, index) => `line ${index + 1}`).join("\n");

describe("read_file", () => {
  test("answers numbered lines", async () => {
    using root = new Folder({ "a.txt": "one\r\ntwo\n\nfour\n" });
    expect(await textFrom(readFile, { file_path: "a.txt" }, root.workspace())).toBe(
      "File: a.txt (lines 1-4 of 4)\n\n1: one\n2: two\n3: \n4: four",
    );
  });

  test("answers a range, and takes other names for its arguments", async () => {
    using root = new Folder({ "a.txt": numbers(10) });
    const args = { Path: "a.txt", start: "3", "end-line": 4 };
    expect(await textFrom(readFile, args, root.workspace())).toBe(
      "File: a.txt (lines 3-4 of 10)\n\n3: line 3\n4: line 4",
    );
  });

  test("says where to go on when a file is long", async () => {
    using root = new Folder({ "a.txt": numbers(5000) });
    const answer = await textFrom(readFile, { file_path: "a.txt" }, root.workspace());
    expect(answer).toStartWith("File: a.txt (lines 1-2000 of 5000)");
    expect(answer).toEndWith("2000: line 2000\n[truncated: continue with start_line=2001]");
    const next = await textFrom(readFile, { file_path: "a.txt", start_line: 2001, end_line: 2002 }, root.workspace());
    expect(next).toEndWith("2001: line 2001\n2002: line 2002");
  });

  test("stays small when lines are long", async () => {
    using root = new Folder({ "one.txt": "x".repeat(3_000_000), "many.txt": `${"y".repeat(1999)}\n`.repeat(1000) });
    const one = await textFrom(readFile, { file_path: "one.txt" }, root.workspace());
    expect(one.length).toBeLessThan(3000);
    expect(one).toEndWith("… [line cut]");
    const many = await textFrom(readFile, { file_path: "many.txt" }, root.workspace());
    expect(many.length).toBeLessThan(210_000);
    expect(many).toContain("[truncated: continue with start_line=102]");
  });

  test("does not count a huge file to its end", async () => {
    using root = new Folder({ "a.txt": "x\n".repeat(1_000_000) });
    const answer = await textFrom(readFile, { file_path: "a.txt", end_line: 1 }, root.workspace());
    expect(answer).toBe("File: a.txt (lines 1-1 of more than 200000)\n\n1: x");
    const far = await textFrom(
      readFile,
      { file_path: "a.txt", start_line: 900_000, end_line: 900_000 },
      root.workspace(),
    );
    expect(far).toEndWith("900000: x");
  });

  test("reads an empty file, and text that is not UTF-8", async () => {
    using root = new Folder({ empty: "", "latin.txt": Uint8Array.from([0x63, 0x61, 0x66, 0xe9]) });
    expect(await textFrom(readFile, { file_path: "empty" }, root.workspace())).toBe("File: empty (empty)");
    expect(await textFrom(readFile, { file_path: "latin.txt" }, root.workspace())).toEndWith("1: caf\ufffd");
  });

  test.each([
    [{ file_path: "absent.txt" }, "not_found: 'absent.txt' does not exist"],
    [{ file_path: "folder" }, "invalid_request: 'folder' is a folder, not a file"],
    [{ file_path: "a.txt", start_line: 9 }, "invalid_request: 'a.txt' has 2 lines; start_line 9 is past its end"],
    [{ file_path: "a.txt", start_line: 2, end_line: 1 }, "invalid_request: end_line 1 comes before start_line 2"],
    [{ file_path: "image.png" }, "unprocessable: 'image.png' is a binary file of 4 bytes, not text"],
    [{ file_path: "../x" }, "forbidden: '../x' leads out of the workspace of this run"],
    [{}, "invalid_request: The tool 'read_file' needs the argument 'file_path'"],
  ])("refuses %j", async (args, sentence) => {
    const files = { "a.txt": "one\ntwo", folder: null, "image.png": Uint8Array.from([0x89, 0x50, 0, 1]) };
    using root = new Folder(files);
    expect(await failure(call(readFile, args, root.workspace()))).toBe(sentence);
  });

  test("refuses a pipe and a device, which have no end", async () => {
    using root = new Folder();
    expect(Bun.spawnSync(["mkfifo", root.at("pipe")]).exitCode).toBe(0);
    expect(await failure(call(readFile, { file_path: "pipe" }, root.workspace()))).toContain("not a regular file");
    expect(await failure(call(readFile, { file_path: "/dev/zero" }, null))).toContain("not a regular file");
  });

  test("refuses a link that was put in place of a folder after its path was resolved", async () => {
    using root = new Folder({ "sub/a.txt": "mine" });
    using other = new Folder({ "a.txt": "theirs" });
    const shown = (await root.workspace().resolve("sub/a.txt")).path;
    Bun.spawnSync(["mv", root.at("sub"), root.at("gone")]);
    symlinkSync(other.path, root.at("sub"));
    expect(await failure(call(readFile, { file_path: shown }, root.workspace()))).toStartWith("forbidden: ");
  });

  test.skipIf(process.getuid?.() === 0)("tells that a file may not be read", async () => {
    using root = new Folder({ "a.txt": "secret" });
    Bun.spawnSync(["chmod", "000", root.at("a.txt")]);
    expect(await failure(call(readFile, { file_path: "a.txt" }, root.workspace()))).toContain("permission denied");
  });

  test("stops when nobody waits any more", async () => {
    using root = new Folder({ "a.txt": "one" });
    const answer = call(readFile, { file_path: "a.txt" }, root.workspace(), AbortSignal.abort());
    expect(await failure(answer)).toBe("cancelled: The call was cancelled");
  });
});

test.each([
  ["EACCES", "forbidden"],
  ["EPERM", "forbidden"],
  ["EROFS", "forbidden"],
  ["ENOSPC", "storage"],
  ["EMFILE", "storage"],
] as const)("the system's %s is told as %s, with the name of the file", (code, expected) => {
  const error = fileError(Object.assign(new Error("low level"), { code }), "a.txt");
  expect(error.code).toBe(expected);
  expect(error.message).toContain("'a.txt'");
});

test("a folder error names what the system says", () => {
  using root = new Folder({ "a.txt": "" });
  let error: unknown;
  try {
    mkdirSync(root.at("a.txt"));
  } catch (caught) {
    error = caught;
  }
  expect(fileError(error, "a.txt").message).toBe("'a.txt' exists already");
});
