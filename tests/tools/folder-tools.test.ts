import { symlinkSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { listFiles } from "#tools/list-files.ts";
import { skimFolders } from "#tools/skim-folders.ts";
import { Folder, call, failure, textFrom } from "./tool-bench.ts";

const project = {
  "README.md": "hello",
  ".env": "KEY=1",
  "src/main.py": "print()",
  "src/deep/er/x.ts": "",
  "node_modules/lib/index.js": "",
  ".git/config": "",
};

describe("list_files", () => {
  test("lists a folder, without what is hidden or generated", async () => {
    using root = new Folder(project);
    expect(await textFrom(listFiles, {}, root.workspace())).toBe(
      "Entries in '.' matching '*': 2\nREADME.md (5 bytes)\nsrc/",
    );
  });

  test("lists what is hidden when asked", async () => {
    using root = new Folder(project);
    const answer = await textFrom(listFiles, { include_hidden: true }, root.workspace());
    expect(answer).toContain(".env (5 bytes)");
    expect(answer).not.toContain(".git");
  });

  test.each([
    ["*.py|*.ts", ["src/deep/er/x.ts", "src/main.py"]],
    ["src/*.py", ["src/main.py"]],
    ["**/*.ts", ["src/deep/er/x.ts"]],
    ["*.{md,py}", ["README.md", "src/main.py"]],
  ])("finds %s in all folders", async (pattern, names) => {
    using root = new Folder(project);
    const answer = await textFrom(listFiles, { pattern, recursive: "true" }, root.workspace());
    expect(
      answer
        .split("\n")
        .slice(1)
        .map((line) => line.split(" (")[0] ?? ""),
    ).toEqual(names);
  });

  test("shows a generated folder that was asked for by name", async () => {
    using root = new Folder(project);
    expect(await textFrom(listFiles, { directory: "node_modules/lib" }, root.workspace())).toContain("index.js");
  });

  test("names links without following them, and leaves out ignored folders", async () => {
    using root = new Folder({ "a/x.txt": "", "secret/y.txt": "" });
    symlinkSync("..", root.at("a/loop"));
    const workspace = root.workspace({ workspace_ignored_paths: "secret" });
    const answer = await textFrom(listFiles, { recursive: true }, workspace);
    expect(answer.split("\n").slice(1)).toEqual(["a/", "a/loop (symbolic link)", "a/x.txt (0 bytes)"]);
  });

  test("shortens a long list and says so", async () => {
    using root = new Folder(Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`f${index}`, ""])));
    const answer = await textFrom(listFiles, { head_limit: 10 }, root.workspace());
    expect(answer.split("\n")).toHaveLength(12);
    expect(answer).toEndWith("[truncated: 20 more; narrow the pattern or raise head_limit]");
  });

  test("tells that a folder is empty", async () => {
    using root = new Folder({ empty: null });
    expect(await textFrom(listFiles, { directory_path: "empty" }, root.workspace())).toBe(
      "Nothing in 'empty' matches '*'",
    );
  });

  test("keeps odd names on one line", async () => {
    using root = new Folder({ "two\nlines": "" });
    expect(await textFrom(listFiles, {}, root.workspace())).toContain("two\\nlines (0 bytes)");
  });

  test.each([
    [{ directory_path: "absent" }, "not_found: 'absent' does not exist"],
    [{ directory_path: "README.md" }, "invalid_request: 'README.md' is a file, not a folder"],
    [{ directory_path: "/etc" }, "forbidden: '/etc' is outside the workspace of this run"],
  ])("refuses %j", async (args, sentence) => {
    using root = new Folder(project);
    expect(await failure(call(listFiles, args, root.workspace()))).toBe(sentence);
  });

  test("refuses a pattern whose braces multiply", async () => {
    using root = new Folder(project);
    expect(await failure(call(listFiles, { pattern: "{a,b}".repeat(40) }, root.workspace()))).toContain("too long");
  });
});

describe("skim_folders", () => {
  test("draws trees down to a level", async () => {
    using root = new Folder(project);
    expect(await textFrom(skimFolders, { paths: ".", max_depth: 2 }, root.workspace())).toBe(
      "./ (2 files, 2 folders down to level 2)\n  README.md\n  src/\n    deep/ …\n    main.py",
    );
  });

  test("counts the files of a long folder", async () => {
    using root = new Folder(Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`a/f${index}`, ""])));
    root.write("z.txt", "");
    const lines = (await textFrom(skimFolders, { paths: ["."] }, root.workspace())).split("\n");
    expect(lines.slice(-2)).toEqual(["    … 38 more files", "  z.txt"]);
  });

  test("draws several folders", async () => {
    using root = new Folder(project);
    const answer = await textFrom(skimFolders, { paths: '["src", "src/deep"]' }, root.workspace());
    expect(answer).toContain("\n\nsrc/deep/ (1 files, 1 folders down to level 3)");
  });

  test.each([
    [{ paths: [] }, "invalid_request: paths names no folder"],
    [{}, "invalid_request: The tool 'skim_folders' needs the argument 'paths'"],
    [{ paths: [".."] }, "forbidden: '..' leads out of the workspace of this run"],
    [{ paths: Array<string>(21).fill(".") }, "invalid_request: paths names 21 folders; 20 are allowed"],
  ])("refuses %j", async (args, sentence) => {
    using root = new Folder(project);
    expect(await failure(call(skimFolders, args, root.workspace()))).toBe(sentence);
  });
});
