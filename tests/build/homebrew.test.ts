import { afterAll, expect, test } from "bun:test";
import { existsSync, readdirSync, statSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { homebrewFormula } from "../../build/homebrew/formula.ts";
import { executable } from "../../build/paths.ts";
import { releaseName } from "../../build/release.ts";
import packageJson from "../../package.json" with { type: "json" };

// Homebrew itself is not here: what its formula tells it to do is done by hand, in the formula's order.
const folder = await mkdtemp(join(tmpdir(), "gateway-homebrew-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const targets = ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64"] as const;
const files = targets.map((target) => ({
  target,
  flavour: "default",
  fileName: releaseName(target, "default"),
  sha256: "0".repeat(64),
}));
const formula = homebrewFormula(packageJson.version, files) ?? "";

/** The words of a `system` or `shell_output` line of the formula, with its folders as they are here. */
function words(line: string, test: string): string[] {
  const inside = /system bin\/"abstractgateway", (.*)/.exec(line)?.[1] ?? "";
  return inside
    .split(", ")
    .map((word) => word.replace(/^testpath\/"(.*)"$/, join(test, "$1")).replace(/^"(.*)"$/, "$1"));
}

test.skipIf(!existsSync(executable))("the formula's steps install, complete and test the executable", async () => {
  const [download, bin, home] = ["download", "bin", "test"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const each of [download, bin, home]) await mkdir(each);
  await copyFile(executable, join(download, releaseName("linux-x64", "default")));

  // def install
  expect(formula).toContain('bin.install Dir["abstractgateway-*"].first => "abstractgateway"');
  const installed = join(bin, "abstractgateway");
  await copyFile(join(download, readdirSync(download)[0] ?? ""), installed);
  await chmod(installed, 0o755);
  const run = (...args: string[]) => {
    const env = { HOME: home, PATH: process.env["PATH"] ?? "", NO_COLOR: "1" };
    const { exitCode, stdout, stderr } = Bun.spawnSync([installed, ...args], { cwd: home, env, stderr: "pipe" });
    expect({ args, exitCode, stderr: exitCode === 0 ? "" : stderr.toString() }).toEqual({
      args,
      exitCode: 0,
      stderr: "",
    });
    return stdout.toString();
  };
  expect(formula).toContain('generate_completions_from_executable(bin/"abstractgateway", "completions")');
  for (const shell of ["bash", "zsh", "fish"]) {
    await writeFile(join(folder, shell), run("completions", shell));
    expect(statSync(join(folder, shell)).size).toBeGreaterThan(1000);
  }

  // test do
  expect(run("version")).toContain(packageJson.version);
  const steps = formula
    .slice(formula.indexOf("test do"))
    .split("\n")
    .filter((line) => line.includes("system bin/"));
  expect(steps).toHaveLength(2);
  for (const step of steps) run(...words(step, home));

  // service do: the command that it runs knows its options.
  expect(formula).toContain('run [opt_bin/"abstractgateway", "serve", "--env-file", var/"abstractgateway/.env"]');
  expect(run("serve", "--help")).toContain("--env-file");
});
