import { describe, expect, test } from "bun:test";
import { analyzeCode } from "#tools/analyze-code.ts";
import { skimFiles } from "#tools/skim-files.ts";
import { Folder, call, failure, textFrom } from "./tool-bench.ts";

const script = `import { a } from "a";
import b from "b"; // class Not
/*
class Commented {}
*/
const text = \`
function inText() {}
\`;
export interface Shape { x: number }
export abstract class Thing<T> extends Base {
  static async make(value: string): Promise<void> {
    if (value) {
      function inner() {}
    }
  }
  get size() {
  }
}
export default async function main(argv: string[]) {
}
const arrow = async (x) => x + 1;
export const limit = 5;
`;

const python = `"""Doc
class InDoc:
"""
import os
from typing import Any
LIMIT = 5
class Thing(Base):
    def method(self):
        def inner(): pass
    async def other(self): ...
# def commented():
def main(a: int) -> None:
    pass
`;

describe("analyze_code", () => {
  test("outlines TypeScript", async () => {
    using root = new Folder({ "a.ts": script });
    const answer = await textFrom(analyzeCode, { file_path: "a.ts" }, root.workspace());
    expect(answer).toStartWith("File: a.ts (TypeScript/JavaScript, ");
    expect(answer.split("\n").slice(2)).toEqual([
      "Imports:",
      '1: import { a } from "a";',
      '2: import b from "b"; // class Not',
      "",
      "Outline:",
      "9: export interface Shape { x: number }",
      "10: export abstract class Thing<T> extends Base",
      "11:   static async make(value: string): Promise<void>",
      "16:   get size()",
      "19: export default async function main(argv: string[])",
      "21: const arrow = async (x) => x + 1;",
      "22: export const limit = 5;",
    ]);
  });

  test("outlines Python", async () => {
    using root = new Folder({ "a.py": python });
    const answer = await textFrom(analyzeCode, { filename: "a.py" }, root.workspace());
    expect(answer.split("\n").slice(2)).toEqual([
      "Imports:",
      "4: import os",
      "5: from typing import Any",
      "",
      "Outline:",
      "6: LIMIT = 5",
      "7: class Thing(Base)",
      "8:     def method(self)",
      "9:         def inner(): pass",
      "10:     async def other(self): ...",
      "12: def main(a: int) -> None",
    ]);
  });

  test.each([
    [
      "a.go",
      'package a\nimport "fmt"\ntype T struct {\nfunc (t *T) Do() {',
      ["3: type T struct", "4: func (t *T) Do()"],
    ],
    [
      "a.rs",
      "use a::b;\npub struct S<'a> {\nimpl S {\n    pub fn f(&self) {",
      ["2: pub struct S<'a>", "3: impl S", "4:     pub fn f(&self)"],
    ],
  ])("outlines %s", async (name, text, outline) => {
    using root = new Folder({ [name]: text });
    const answer = await textFrom(analyzeCode, { file_path: name }, root.workspace());
    expect(answer.split("Outline:\n")[1]?.split("\n")).toEqual(outline);
  });

  test("takes a language that the name does not tell, and says when there is nothing", async () => {
    using root = new Folder({ script: "def f():\n", "empty.py": "" });
    expect(await textFrom(analyzeCode, { file_path: "script", language: "python" }, root.workspace())).toContain(
      "1: def f()",
    );
    expect(await textFrom(analyzeCode, { file_path: "empty.py" }, root.workspace())).toContain(
      "No declarations found.",
    );
  });

  test("shortens a long outline", async () => {
    using root = new Folder({ "a.py": "def f():\n".repeat(800) });
    const answer = await textFrom(analyzeCode, { file_path: "a.py" }, root.workspace());
    expect(answer).toEndWith("[truncated: 300 more; read_file from line 500]");
  });

  test("is not slow on hostile lines", async () => {
    using root = new Folder({
      "a.ts": `${"  static ".repeat(50)}\n${"(".repeat(499)}\n${"  a<".repeat(120)}\n`.repeat(2000),
    });
    const from = performance.now();
    await textFrom(analyzeCode, { file_path: "a.ts" }, root.workspace());
    expect(performance.now() - from).toBeLessThan(3000);
  });

  test.each([
    [{ file_path: "a.cob" }, "unsupported: The language of 'a.cob' is not known here; known are"],
    [{ file_path: "a.cob", language: "cobol" }, "unsupported: The language 'cobol' is not known here; known are"],
    [{ file_path: "absent.py" }, "not_found: 'absent.py' does not exist"],
    [{ file_path: "b.py" }, "unprocessable: 'b.py' is a binary file"],
  ])("refuses %j", async (args, sentence) => {
    using root = new Folder({ "a.cob": "x", "b.py": Uint8Array.from([0]) });
    expect(await failure(call(analyzeCode, args, root.workspace()))).toStartWith(sentence);
  });
});

describe("skim_files", () => {
  test("shows the head, then headings", async () => {
    const text = Array.from({ length: 100 }, (_, index) => (index % 25 === 24 ? `## Part ${index + 1}` : "words")).join(
      "\n",
    );
    using root = new Folder({ "a.md": text });
    const args = { paths: ["a.md"], head_lines: 2, target_percent: 6 };
    expect(await textFrom(skimFiles, args, root.workspace())).toBe(
      "File: a.md (6 of 100 lines shown)\n1: words\n2: words\n…\n25: ## Part 25\n…\n50: ## Part 50\n…\n75: ## Part 75\n…\n100: ## Part 100",
    );
  });

  test("shows a short file whole, and evenly spread lines of a plain one", async () => {
    using root = new Folder({ "a.txt": "one\ntwo", "b.txt": "word\n".repeat(1000) });
    const answer = await textFrom(skimFiles, { files: ["a.txt", "b.txt"], head_lines: 5 }, root.workspace());
    expect(answer).toStartWith(
      "File: a.txt (2 of 2 lines shown)\n1: one\n2: two\n\nFile: b.txt (100 of 1000 lines shown)",
    );
    expect(answer).toEndWith("[skimmed: read_file gives the lines between]");
  });

  test("stays small", async () => {
    using root = new Folder({ "a.txt": `${"x".repeat(10_000)}\n`.repeat(2000) });
    const answer = await textFrom(skimFiles, { paths: ["a.txt"], target_percent: 100 }, root.workspace());
    expect(answer.length).toBeLessThan(120_000);
    expect(answer).toContain("(300 of more than ");
  });

  test("shows the others when one file is bad", async () => {
    using root = new Folder({ "a.txt": "one" });
    const answer = await textFrom(skimFiles, { paths: ["absent", "a.txt", "../x"] }, root.workspace());
    expect(answer).toContain("File: absent\n[not shown: 'absent' does not exist]");
    expect(answer).toContain("1: one");
    expect(answer).toContain("[not shown: '../x' leads out of the workspace of this run]");
  });

  test.each([
    [{ paths: "absent" }, "not_found: 'absent' does not exist"],
    [{ paths: [] }, "invalid_request: paths names no file"],
    [{ paths: [5, { a: 1 }] }, "invalid_request: The argument 'paths' of 'skim_files' must be an array, not a list"],
  ])("refuses %j", async (args, sentence) => {
    using root = new Folder();
    expect(await failure(call(skimFiles, args, root.workspace()))).toBe(sentence);
  });
});
