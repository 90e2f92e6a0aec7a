import { describe, expect, test } from "bun:test";
import { block, cell, cropped, fitted, maxShownChars, safe, widthOf, wrapped } from "#clients/terminal/line.ts";

describe("text on the screen", () => {
  test.each([80, 200, 7])("is wrapped so that nothing is wider than %d columns", (width) => {
    const text = `a ${"x".repeat(500)} 日本語のテキスト 👩‍👩‍👧 e\u0301 \tend`;
    const lines = wrapped(text, width);
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
    expect(lines.join("").replace(/\s/g, "")).toBe(text.replace(/\s/g, ""));
  });

  test("has nothing in it that drives a terminal", () => {
    const evil = "\u001b]0;title\u0007a\u001b[2Jb\u001b[31mc\u009b5md\re\u0000\u202ef\u001bPq\u001b\\";
    for (const text of [safe(evil), ...wrapped(evil, 80)]) {
      // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
      expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    }
    expect(safe(evil)).toBe("]0;titleabcdefPq\\");
  });

  test("is cut when it is huge, and says by how much", () => {
    const lines = wrapped("y".repeat(maxShownChars + 5_000_000), 80);
    expect(lines.at(-1)).toBe("… 5,000,000 more characters");
    expect(lines.length).toBeLessThan(1000);
  });

  test("fills or cuts a cell by columns, not by characters", () => {
    expect(cell("ab", 4)).toBe("ab  ");
    expect(widthOf(cell("日本語", 5))).toBe(5);
    expect(cropped("abcdef", 4)).toBe("abc…");
  });

  test("keeps its margin on each line, and a line ends at the screen's edge", () => {
    const lines = block("one two three", 8, { first: { text: "› ", look: "accent" }, rest: "  " });
    expect(
      lines.map((line) =>
        line
          .map(({ text }) => text)
          .join("")
          .trimEnd(),
      ),
    ).toEqual(["› one", "  two", "  three"]);
    const line = fitted([{ text: "abcdef", look: "bold" }, { text: "ghi" }, { text: "jkl" }], 8);
    expect(line).toEqual([{ text: "abcdef", look: "bold" }, { text: "g…" }]);
  });
});
