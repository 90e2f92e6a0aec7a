import { describe, expect, test } from "bun:test";
import { approvalPolicy, runsAtOnce } from "#tools/approval-policy.ts";
import { builtinTools } from "#tools/builtin-tools.ts";
import { readFile } from "#tools/read-file.ts";
import { createToolRegistry } from "#tools/registry.ts";
import { modelTool, toolSpec } from "#tools/tool-spec.ts";

const tools = createToolRegistry({ tools: builtinTools({ environment: {} }) });

describe("the registry", () => {
  test("lists tools by toolset and name", () => {
    expect(tools.list().map(({ toolset, name }) => `${toolset}/${name}`)).toEqual([
      "files/analyze_code",
      "files/edit_file",
      "files/list_files",
      "files/read_file",
      "files/search_files",
      "files/skim_files",
      "files/skim_folders",
      "files/write_file",
      "system/execute_command",
    ]);
  });

  test.each(["read_file", "Read_File", "readFile", "read-file", " readfile "])("finds read_file as %p", (name) => {
    expect(tools.find(name)?.name).toBe("read_file");
  });

  test.each(["", "read", "constructor", "__proto__"])("finds nothing as %p", (name) => {
    expect(tools.find(name)).toBeNull();
  });

  test("refuses two tools of one name", () => {
    const twin = { ...readFile, name: "ReadFile" };
    expect(() => createToolRegistry({ tools: [readFile, twin] })).toThrow(
      "two tools are called 'read_file' and 'ReadFile'",
    );
  });

  test("gives a list that belongs to the caller", () => {
    tools.list().pop();
    expect(tools.list()).toHaveLength(9);
  });
});

describe("every built-in tool", () => {
  test.each(tools.list().map((tool) => [tool.name, tool] as const))("%s is described well", (_name, tool) => {
    expect(tool.description.length).toBeGreaterThan(20);
    expect(tool.timeoutMs).toBeGreaterThan(0);
    for (const { argument } of tool.paths ?? []) expect(tool.parameters).toHaveProperty(argument);
    for (const argument of Object.keys(tool.synonyms ?? {})) expect(tool.parameters).toHaveProperty(argument);
    const synonyms = Object.values(tool.synonyms ?? {}).flat();
    expect(new Set(synonyms).size).toBe(synonyms.length);
    expect(synonyms.filter((name) => name in tool.parameters)).toEqual([]);
    for (const example of tool.examples ?? []) {
      for (const argument of Object.keys(example)) expect(tool.parameters).toHaveProperty(argument);
    }
  });

  test("that changes something waits for consent and is not repeated after a crash", () => {
    const careful = tools.list().filter(({ approval, replay }) => approval === "required" || replay === "ask");
    expect(careful.map(({ name }) => name)).toEqual(["edit_file", "write_file", "execute_command"]);
    expect(careful.every(({ approval, replay }) => approval === "required" && replay === "ask")).toBe(true);
  });
});

describe("the specification of a tool", () => {
  test("names what is required and what is assumed", () => {
    expect(toolSpec(readFile)).toEqual({
      name: "read_file",
      description: readFile.description,
      when_to_use: readFile.when_to_use ?? "",
      parameters: {
        file_path: { type: "string", description: "The file, relative to the workspace." },
        start_line: { type: "integer", description: "First line, counted from 1.", default: 1 },
        end_line: { type: "integer", description: "Last line, itself included; null for the end.", default: null },
      },
      required_args: ["file_path"],
      examples: (readFile.examples ?? []).map((args) => ({ description: "A call of read_file", arguments: args })),
      toolset: "files",
    });
  });

  test("is a JSON Schema for models", () => {
    expect(modelTool(readFile).parameters).toEqual({
      type: "object",
      properties: {
        file_path: { type: "string", description: "The file, relative to the workspace." },
        start_line: { type: "integer", description: "First line, counted from 1.", default: 1 },
        end_line: { type: "integer", description: "Last line, itself included; null for the end." },
      },
      required: ["file_path"],
      additionalProperties: false,
    });
  });
});

describe("the approval policy", () => {
  const policy = approvalPolicy({ tools });

  test.each([
    [["read_file", "list_files"], true],
    [["web_search"], true],
    [["read_file", "write_file"], false],
    [["execute_command"], false],
    [["unknown"], false],
    [["Read_File"], false],
    [[], true],
  ])("lets %j run at once: %p", (calls, expected) => {
    expect(runsAtOnce(calls, "approval", policy)).toBe(expected);
  });

  test("asks for nothing in the mode local", () => {
    expect(runsAtOnce(["execute_command", "unknown"], "local", policy)).toBe(true);
  });

  test("has the names of the contract first, then what tools say of themselves", () => {
    const more = createToolRegistry({
      tools: [
        { ...readFile, name: "look", approval: "auto" },
        { ...readFile, name: "act", approval: "required" },
        { ...readFile, name: "web_search", approval: "required" },
      ],
    });
    const { auto_approve_tools, require_approval_tools } = approvalPolicy({ tools: more });
    expect(auto_approve_tools.slice(0, 3)).toEqual(["list_files", "skim_folders", "analyze_code"]);
    expect(auto_approve_tools).toContain("look");
    expect(auto_approve_tools).not.toContain("web_search");
    expect(require_approval_tools.slice(-2)).toEqual(["act", "web_search"]);
  });

  test("takes a client's lists", () => {
    const free = approvalPolicy({ tools, overrides: { auto_approve_tools: ["write_file", " ", 5] } });
    expect(free.auto_approve_tools).toEqual(["write_file"]);
    expect(runsAtOnce(["write_file"], "approval", free)).toBe(true);
    expect(runsAtOnce(["read_file"], "approval", free)).toBe(false);
    const strict = approvalPolicy({ tools, overrides: { require_approval_tools: ["read_file"] } });
    expect(runsAtOnce(["read_file"], "approval", strict)).toBe(false);
    expect(runsAtOnce(["list_files"], "approval", strict)).toBe(true);
    expect(runsAtOnce(["write_file"], "approval", strict)).toBe(false);
    const both = { auto_approve_tools: ["edit_file"], require_approval_tools: ["edit_file"] };
    expect(runsAtOnce(["edit_file"], "approval", approvalPolicy({ tools, overrides: both }))).toBe(false);
    expect(approvalPolicy({ tools, overrides: "nonsense" })).toEqual(policy);
  });
});
