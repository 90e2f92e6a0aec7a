import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "#fixtures/cli.ts";

const folder = await mkdtemp(join(tmpdir(), "gateway-completions-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

test("another shell is refused with those that are known", async () => {
  const { exitCode, stderr } = await runCli(["completions", "csh"]);
  expect(exitCode).toBe(2);
  expect(stderr).toBe("error: 'csh' is not one of bash, zsh, fish.\n");
});

async function scriptFor(shell: string): Promise<string> {
  const { exitCode, stdout } = await runCli(["completions", shell]);
  expect(exitCode).toBe(0);
  const path = join(folder, `completions.${shell}`);
  await writeFile(path, stdout);
  return path;
}

function outputOf(command: string[]): string[] {
  const { stdout, stderr } = Bun.spawnSync(command, { cwd: folder, stdout: "pipe", stderr: "pipe" });
  expect(stderr.toString()).toBe("");
  return stdout.toString().split("\n").filter(Boolean);
}

/** Words typed, the last one unfinished, and what must and must not be offered for it. */
const cases: [words: string[], offered: string[], not: string[]][] = [
  [["se"], ["serve"], ["run"]],
  [["run"], ["run", "runs", "runner"], ["serve"]],
  [["bundle", ""], ["pack", "install", "check"], ["serve"]],
  [["bundle", "install", "--"], ["--data-dir", "--help"], ["--port"]],
  [["serve", "--po"], ["--port"], ["--host"]],
];

const bash = Bun.which("bash");
describe.skipIf(bash === null)("bash", () => {
  test.each(cases)("offers for %j", async (words, offered, not) => {
    const script = `. "$1"; shift; COMP_WORDS=(abstractgateway "$@"); COMP_CWORD=$#; _abstractgateway; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const found = outputOf(["bash", "-c", script, "bash", await scriptFor("bash"), ...words]);
    expect(found).toEqual(expect.arrayContaining(offered));
    for (const each of not) expect(found).not.toContain(each);
  });
});

const fish = Bun.which("fish");
if (fish === null) console.warn("Completions for fish are not tried: this needs fish.");
describe.skipIf(fish === null)("fish", () => {
  test.each(cases)("offers for %j", async (words, offered, not) => {
    const line = ["abstractgateway", ...words].join(" ");
    const script = `source ${await scriptFor("fish")}; complete -C '${line}'`;
    const found = outputOf(["fish", "--no-config", "-c", script]).map((each) => each.split("\t")[0]);
    expect(found).toEqual(expect.arrayContaining(offered));
    for (const each of not) expect(found).not.toContain(each);
  });
});

const zsh = Bun.which("zsh");
if (zsh === null) console.warn("Completions for zsh are not tried: this needs zsh.");
describe.skipIf(zsh === null)("zsh", () => {
  test.each(cases)("offers for %j", async (words, offered) => {
    // What the completion system would be handed, without a terminal.
    const script = `
      compdef() { : }; _files() { : }
      _describe() { for each in "\${(@P)2}"; do print -r -- "\${each%%:*}"; done }
      . "$1"; shift; words=(abstractgateway "$@"); CURRENT=$(( $# + 1 )); _abstractgateway`;
    const found = outputOf(["zsh", "-f", "-c", script, "zsh", await scriptFor("zsh"), ...words]);
    expect(found).toEqual(expect.arrayContaining(offered));
  });
});
