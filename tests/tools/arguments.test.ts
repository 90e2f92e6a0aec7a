import { describe, expect, test } from "bun:test";
import { float } from "#core/value.ts";
import { canonicalArguments, namedArguments, resolvePaths } from "#tools/arguments.ts";
import { executeCommand } from "#tools/execute-command.ts";
import { readFile } from "#tools/read-file.ts";
import { skimFiles } from "#tools/skim-files.ts";
import type { Tool, ToolParameter } from "#tools/tool.ts";
import { Folder, failure } from "./tool-bench.ts";

function toolWith(parameters: Record<string, Partial<ToolParameter>>): Tool {
  return {
    ...readFile,
    name: "probe",
    parameters: Object.fromEntries(
      Object.entries(parameters).map(([name, each]) => [name, { type: "string", description: "", ...each }]),
    ),
    synonyms: {},
  };
}

describe("the arguments of a call", () => {
  const complete = { file_path: "a.txt", start_line: 2, end_line: null };

  test.each([
    ["an object", { file_path: "a.txt", start_line: 2 }],
    ["JSON text", '{"file_path": "a.txt", "start_line": 2}'],
    ["wrapped", { arguments: { file_path: "a.txt", start_line: 2 } }],
    ["wrapped as text, twice", '{"arguments": {"arguments": "{\\"file_path\\": \\"a.txt\\", \\"start_line\\": 2}"}}'],
    ["half wrapped", { file_path: "a.txt", arguments: { start_line: 2 } }],
    ["spelled otherwise", { filePath: "a.txt", "START-LINE": 2 }],
    ["under other names", { filename: "a.txt", start: 2 }],
    ["with more than there is", { file_path: "a.txt", start_line: 2, reason: "because", __proto__: { end_line: 5 } }],
    ["with nulls", { file_path: "a.txt", start_line: 2, end_line: null }],
    ["as text and floats", { file_path: "a.txt", start_line: "2" }],
    ["as floats", { file_path: "a.txt", start_line: float(2) }],
  ])("may come as %s", (_form, given) => {
    expect(canonicalArguments(readFile, given)).toEqual(complete);
  });

  test("prefer the right name to similar ones and to synonyms", () => {
    const given = { path: "c", FilePath: "b", file_path: "a" };
    expect(canonicalArguments(readFile, given)["file_path"]).toBe("a");
    expect(canonicalArguments(readFile, { path: "c", FilePath: "b" })["file_path"]).toBe("b");
  });

  test("get defaults only when they are completed", () => {
    expect(namedArguments(readFile, { path: "a" })).toEqual({ file_path: "a" });
  });

  test.each([undefined, null, "", "  ", {}])("that are missing are named: %p", (given) => {
    expect(() => canonicalArguments(readFile, given)).toThrow("The tool 'read_file' needs the argument 'file_path'");
  });

  test.each(["{", "5", "[1]", 5, true])("that are no JSON object are refused: %p", (given) => {
    expect(() => canonicalArguments(readFile, given)).toThrow("The arguments of 'read_file' are not a JSON object");
  });

  test("that are lists are refused", () => {
    expect(() => canonicalArguments(readFile, [1])).toThrow("are not a JSON object");
  });
});

describe("a value", () => {
  test.each([
    ["string", 5, "5"],
    ["string", float(5), "5.0"],
    ["string", true, "true"],
    ["integer", " 7 ", 7],
    ["integer", "-3", -3],
    ["integer", "2.0", 2],
    ["number", "1.5", 1.5],
    ["number", "1e3", 1000],
    ["boolean", "True", true],
    ["boolean", "no", false],
    ["boolean", 1, true],
    ["array", "one", ["one"]],
    ["array", "[1, 2]", [1, 2]],
    ["array", { a: 1 }, [{ a: 1 }]],
    ["object", '{"a": 1}', { a: 1 }],
  ] as const)("as %s: %j becomes %j", (type, given, expected) => {
    expect(canonicalArguments(toolWith({ x: { type } }), { x: given as never })).toEqual({ x: expected as never });
  });

  test.each([
    ["string", { a: 1 }, "must be a string, not an object"],
    ["integer", 5.7, "must be an integer, not '5.7'"],
    ["integer", "5 apples", "must be an integer, not '5 apples'"],
    ["integer", "9".repeat(30), "must be an integer"],
    ["integer", true, "must be an integer, not 'true'"],
    ["number", "", "must be a number, not ''"],
    ["number", "0x10", "must be a number, not '0x10'"],
    ["number", "1e999", "must be a number"],
    ["boolean", "maybe", "must be a boolean, not 'maybe'"],
    ["boolean", 2, "must be a boolean, not '2'"],
    ["boolean", "constructor", "must be a boolean, not 'constructor'"],
    ["object", "[1]", "must be an object, not '[1]'"],
    ["object", "{", "must be an object, not '{'"],
  ] as const)("as %s: %j is refused", (type, given, sentence) => {
    const tool = toolWith({ x: { type } });
    expect(() => canonicalArguments(tool, { x: given })).toThrow(`The argument 'x' of 'probe' ${sentence}`);
  });

  test("of an enumeration is found whatever its case", () => {
    const tool = toolWith({ x: { enum: ["Read", "Write"] } });
    expect(canonicalArguments(tool, { x: " read " })).toEqual({ x: "Read" });
    expect(() => canonicalArguments(tool, { x: "other" })).toThrow("must be one of Read, Write");
  });

  test("called `arguments` is not unwrapped where a tool has such an argument", () => {
    const tool = toolWith({ arguments: { type: "object" } });
    expect(canonicalArguments(tool, { arguments: { x: 1 } })).toEqual({ arguments: { x: 1 } });
  });
});

describe("the paths of a call", () => {
  test("are replaced by where they lead, absent ones by their default", async () => {
    using root = new Folder({ "sub/a.txt": "" });
    const workspace = root.workspace();
    const read = await resolvePaths(readFile, { file_path: "@sub/../sub/a.txt", start_line: 1 }, workspace);
    expect(read).toEqual({ file_path: root.at("sub/a.txt"), start_line: 1 });
    expect(await resolvePaths(executeCommand({}), { command: "ls" }, workspace)).toEqual({
      command: "ls",
      working_directory: root.path,
    });
    expect(await resolvePaths(skimFiles, { paths: ["sub/a.txt", "b"] }, workspace)).toEqual({
      paths: [root.at("sub/a.txt"), root.at("b")],
    });
  });

  test("stay as they are without a workspace", async () => {
    expect(await resolvePaths(readFile, { file_path: "a.txt" }, null)).toEqual({ file_path: "a.txt" });
  });

  test("are resolved once and for all: doing it again changes nothing", async () => {
    using root = new Folder();
    const workspace = root.workspace();
    const once = await resolvePaths(readFile, { file_path: "a.txt" }, workspace);
    expect(await resolvePaths(readFile, once, workspace)).toEqual(once);
  });

  test("outside are refused", async () => {
    using root = new Folder();
    const outside = resolvePaths(skimFiles, { paths: ["a", "../b"] }, root.workspace());
    expect(await failure(outside)).toStartWith("forbidden: ");
  });
});
