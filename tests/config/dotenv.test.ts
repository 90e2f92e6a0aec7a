import { describe, expect, test } from "bun:test";
import { dotenvLine, parseDotenv } from "#config/dotenv.ts";
import { AppError } from "#core/errors.ts";

test.each([
  ["A=1", "1"],
  ["A = 1 ", "1"],
  ["export A=1", "1"],
  ["A=", ""],
  ["A=a=b", "a=b"],
  ["A=a b # comment", "a b"],
  ["A=a#b", "a#b"],
  ["A=# nothing", ""],
  ['A="a \\"b\\" \\n c"', 'a "b" \n c'],
  ['A="a # b" # comment', "a # b"],
  ["A='a \\n $b'", "a \\n $b"],
  ["\ufeffA=1", "1"],
  ["# x\r\n\r\nA=1\r\n", "1"],
  ["A=1\nA=2", "2"],
  ["A=$HOME", "$HOME"],
])("%j is read", (text, value) => {
  expect(parseDotenv(text)).toEqual({ A: value });
});

test("a key that every object has is a key like others", () => {
  expect(Object.entries(parseDotenv("__proto__=1"))).toEqual([["__proto__", "1"]]);
});

describe("refused without showing the content:", () => {
  test.each([
    ["secret", "line 1 is not KEY=value"],
    ["A=1\n1A=secret", "line 2 is not KEY=value"],
    ['A="secret', "line 1 has an open quote"],
    ["A='secret", "line 1 has an open quote"],
    ['A="secret" more', "line 1 goes on behind the closing quote"],
    ['A="secret\\d"', "line 1 has an escape"],
  ])("%j", (text, reason) => {
    try {
      parseDotenv(text, "my.env");
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(AppError);
      expect((error as AppError).message).toStartWith(`my.env ${reason}`);
      expect((error as AppError).message).not.toContain("secret");
    }
  });
});

test.each([
  "plain",
  "",
  "a b",
  'say "x"',
  "it's",
  "a#b",
  "$HOME",
  "C:\\x",
  "two\nlines",
  "http://localhost:*",
  "ü",
  "`x`",
])("%j is written so that it reads back", (value) => {
  const line = dotenvLine("KEY", value);
  expect(line.split("\n")).toHaveLength(1);
  expect(parseDotenv(line)).toEqual({ KEY: value });
});

test("only what needs quotes has them", () => {
  expect(dotenvLine("K", "http://localhost:*,x")).toBe("K=http://localhost:*,x");
  expect(dotenvLine("K", "a b")).toBe('K="a b"');
});
