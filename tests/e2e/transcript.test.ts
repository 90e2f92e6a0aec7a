import { expect, test } from "bun:test";
import { resolve } from "node:path";
import { startGateway, token } from "#fixtures/gateway.ts";

const readme = await Bun.file(resolve(import.meta.dirname, "../../README.md")).text();
const section = readme.slice(readme.indexOf("### With curl"));
const block = section.slice(section.indexOf("```sh\n") + 6, section.indexOf("```\n", section.indexOf("```sh\n") + 6));
const calls = block.split("\n").filter((line) => line.startsWith("curl "));

/** A command and the fragments that its answer must hold, in this order. */
function split(line: string): { command: string; fragments: string[] } {
  const at = line.lastIndexOf("  # ");
  return {
    command: line.slice(0, at).trim(),
    fragments: line
      .slice(at + 4)
      .split("…")
      .map((fragment) => fragment.trim())
      .filter((fragment) => fragment !== ""),
  };
}

test.skipIf(!Bun.which("curl"))(
  "the curl transcript of README does what it shows (skipped where there is no curl)",
  async () => {
    const gateway = await startGateway();
    const env: Record<string, string> = {
      PATH: process.env["PATH"] ?? "",
      H: `Authorization: Bearer ${token}`,
      A: `${gateway.url}/api/gateway`,
    };
    expect(calls.length).toBeGreaterThan(8);
    for (const line of calls) {
      const { command, fragments } = split(line);
      // A question keeps its stream open for ever: two seconds are enough to see its first records.
      const bounded = command.replace(/^curl -sN/, "curl -sN --max-time 2");
      let answer = "";
      // What a command brought about is visible when it was applied, a moment after it was accepted.
      for (let attempt = 0; attempt < 100; attempt++) {
        answer = Bun.spawnSync(["sh", "-c", bounded], { env }).stdout.toString();
        if (includesInOrder(answer, fragments)) break;
        if (/--json/.test(command)) break;
        await Bun.sleep(20);
      }
      expect({ command, answer, fragments, holds: includesInOrder(answer, fragments) }).toMatchObject({ holds: true });
      const started = /"run_id":\s*"([0-9a-f-]{36})"/.exec(answer)?.[1];
      if (command.includes("/runs/start") && started) env["RUN"] = started;
    }
    await gateway.close();
  },
  60_000,
);

function includesInOrder(text: string, fragments: string[]): boolean {
  let from = 0;
  for (const fragment of fragments) {
    const at = text.indexOf(fragment, from);
    if (at < 0) return false;
    from = at + fragment.length;
  }
  return true;
}
