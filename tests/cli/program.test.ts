import { describe, expect, test } from "bun:test";
import { runCli } from "#fixtures/cli.ts";

const commandLines = [
  ["serve"],
  ["runner"],
  ["run"],
  ["runs"],
  ["runs", "show"],
  ["runs", "pause"],
  ["runs", "resume"],
  ["runs", "cancel"],
  ["schedules"],
  ["logs"],
  ["verify"],
  ["bundle"],
  ["bundle", "pack"],
  ["bundle", "inspect"],
  ["bundle", "check"],
  ["bundle", "list"],
  ["bundle", "install"],
  ["models"],
  ["models", "list"],
  ["models", "pull"],
  ["models", "load"],
  ["models", "unload"],
  ["models", "bench"],
  ["config"],
  ["config", "init"],
  ["config", "status"],
  ["config", "defaults"],
  ["config", "set-default"],
  ["config", "clear-default"],
  ["health"],
  ["version"],
];

describe("help", () => {
  test.each(commandLines.map((words) => [words.join(" "), words] as const))(
    "%s --help says what it does and how",
    async (name, words) => {
      for (const flag of ["--help", "-h"]) {
        const { exitCode, stdout, stderr } = await runCli([...words, flag]);
        expect(exitCode).toBe(0);
        expect(stderr).toBe("");
        expect(stdout).toContain(`USAGE abstractgateway ${name}`);
        expect(stdout).not.toContain("undefined");
        expect(stdout).not.toContain("\x1b");
      }
    },
  );

  test("every command that lists or shows something has --json", async () => {
    for (const words of commandLines) {
      if (["serve", "runner", "config", "config init", "health", "bundle", "models"].includes(words.join(" ")))
        continue;
      expect((await runCli([...words, "--help"])).stdout, words.join(" ")).toContain("--json");
    }
  });

  test("the root lists the commands and not the hidden ones", async () => {
    const { stdout } = await runCli(["--help"]);
    for (const [name] of commandLines) expect(stdout).toContain(`${name} `);
    expect(stdout).not.toContain("inference-worker");
  });

  test("aliases for other programs' configurations work without being listed", async () => {
    const { stdout } = await runCli(["serve", "--help"]);
    expect(stdout).toContain("--data-dir");
    expect(stdout).toContain("--no-runner");
    expect(stdout).not.toMatch(/--data\b(?!-)/);
  });

  test("without arguments it says what to do next", async () => {
    const { exitCode, stdout } = await runCli([]);
    expect(exitCode).toBe(0);
    for (const next of ["run hello", "config init", "serve", "--help"]) expect(stdout).toContain(next);
  });

  test("colours appear on a terminal and not with NO_COLOR", async () => {
    expect((await runCli([], { isTerminal: true })).stdout).toContain("\x1b[1m");
    expect((await runCli([], { isTerminal: true, env: { NO_COLOR: "1" } })).stdout).not.toContain("\x1b");
    expect((await runCli([], { isTerminal: true, env: { TERM: "dumb" } })).stdout).not.toContain("\x1b");
  });
});

describe("a command line that makes no sense", () => {
  test.each([
    [["nope"], "Unknown command 'nope': expected one of serve, "],
    [["runs", "shwo"], "Unknown command 'runs shwo': expected one of show, pause, resume, cancel."],
    [["bundle"], "'bundle' needs one of pack, inspect, check, list, install."],
    [["serve", "--nope"], "Unknown option '--nope'."],
    [["serve", "-x"], "Unknown option '-x'."],
    [["serve", "--no-port"], "Unknown option '--no-port'."],
    [["serve", "--port"], "Option '--port' needs a value."],
    [["serve", "--port", "99999"], "Option '--port' must be a whole number from 0 to 65535, not '99999'."],
    [["serve", "here"], "Unexpected argument 'here'."],
    [["run"], "The argument <bundle> is missing: "],
    [["run", "a", "b"], "Unexpected argument 'b'."],
    [["run", "hello", "--input", "x"], "Input 'x' is none of: a JSON object, name=value, @file."],
    [["run", "hello", "--input", "{x"], "Input '{x' is not JSON: "],
    [["run", "hello", "--input", "@missing.json"], "The input file "],
    [["run", "b:one", "--flow", "two"], "The bundle says flow 'one', but --flow says 'two'."],
    [["runs", "--limit", "0"], "Option '--limit' must be a whole number from 1 to 500, not '0'."],
    [
      ["runs", "--status", "done"],
      "Option '--status' must be one of running, waiting, completed, failed, cancelled, not 'done'.",
    ],
    [["logs", "R", "--after", "-1"], "Option '--after' must be a whole number"],
    [["runs", "--url", "localhost:80"], "'localhost:80' is not an address such as http://127.0.0.1:8080."],
  ])("%j gets one sentence on stderr and exit code 2", async (args, sentence) => {
    const { exitCode, stdout, stderr } = await runCli(args);
    expect(stderr).toContain(`error: ${sentence}`);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stdout).toBe("");
    expect(exitCode).toBe(2);
  });

  test("shows where the error comes from with --verbose only", async () => {
    expect((await runCli(["serve", "--nope"])).stderr).not.toContain("    at ");
    expect((await runCli(["serve", "--nope", "--verbose"])).stderr).toContain("    at ");
  });
});

test("version is the package's, as text and as JSON", async () => {
  const { version } = await Bun.file(`${import.meta.dirname}/../../package.json`).json();
  for (const args of [["version"], ["--version"], ["-v"]]) {
    expect((await runCli(args)).stdout).toStartWith(`abstractgateway ${version} (`);
  }
  expect(JSON.parse((await runCli(["version", "--json"])).stdout)).toMatchObject({ version, commit: null });
});
