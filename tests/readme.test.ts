import { expect, test } from "bun:test";
import { resolve } from "node:path";
import { legalMoves, runStatuses } from "#core/run.ts";

const readme = await Bun.file(resolve(import.meta.dirname, "../README.md")).text();

/** The diagram as the table of moves gives it. */
function diagram(): string {
  const lines = ["```mermaid", "stateDiagram-v2", "  [*] --> running"];
  for (const from of runStatuses) {
    for (const to of legalMoves[from]) if (to !== from) lines.push(`  ${from} --> ${to}`);
    if (legalMoves[from].length === 0) lines.push(`  ${from} --> [*]`);
  }
  return [...lines, "```"].join("\n");
}

test("README's state diagram is the table of legal moves", () => {
  expect(readme).toContain(diagram());
});

test("README's folder table names the folders that are there", async () => {
  const named = [...readme.matchAll(/^\| `(\w+)\/` \|/gm)].map((match) => match[1] ?? "").sort();
  const there = new Set<string>();
  for await (const file of new Bun.Glob("*/**/*.ts").scan(resolve(import.meta.dirname, "../src"))) {
    there.add(file.split("/")[0] ?? "");
  }
  expect(named).toEqual([...there].sort());
});

test("README's table of dependencies names every run-time dependency", async () => {
  const { dependencies } = await Bun.file(resolve(import.meta.dirname, "../package.json")).json();
  for (const name of Object.keys(dependencies as Record<string, string>)) expect(readme).toContain(name);
});
