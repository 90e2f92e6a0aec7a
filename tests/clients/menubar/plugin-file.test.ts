import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "#fixtures/cli.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "gateway-menubar-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const menubar = (...words: string[]) => runCli(["menubar", ...words], { env: { HOME: home }, cwd: home });
const isLinux = process.platform !== "darwin";

test.if(isLinux)(
  "install writes a program into Argos' folder, again over its own, and uninstall removes it",
  async () => {
    await mkdir(join(home, ".config/argos"), { recursive: true });
    const path = join(home, ".config/argos/abstractgateway.10s+.sh");
    await writeFile(join(home, ".env"), "ABSTRACTGATEWAY_PORT=0\n");
    for (let time = 0; time < 2; time++) {
      expect(await menubar("install")).toMatchObject({ exitCode: 0, stdout: `Wrote ${path}.\n` });
    }
    expect((await stat(path)).mode & 0o777).toBe(0o755);
    const text = await readFile(path, "utf8");
    expect(text).toStartWith("#!/bin/sh\n");
    expect(text).toContain("menubar --format=argos");
    expect(text).toContain(`--env-file=${join(home, ".env")}`);
    expect(text).toContain(`--data-dir=${home}`);
    expect(await menubar("uninstall")).toMatchObject({ exitCode: 0, stdout: `Removed ${path}.\n` });
    expect(await menubar("uninstall")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("There is no plugin"),
    });
  },
);

test("a file that somebody else made stays, with install and with uninstall", async () => {
  const path = join(home, "abstractgateway.10s.sh");
  await writeFile(path, "echo mine\n");
  for (const word of ["install", "uninstall"]) {
    const { exitCode, stderr } = await menubar(word, "--folder", home, "--format", "xbar");
    expect(exitCode).toBe(75);
    expect(stderr).toBe(`error: ${path} was not written by this command and stays as it is.\n`);
  }
  expect(await readFile(path, "utf8")).toBe("echo mine\n");
});

test("says where it looked, refuses tokens in a plugin and formats that there are not", async () => {
  const none = await menubar("install");
  expect(none.exitCode).toBe(66);
  expect(none.stderr).toContain("Install one of them, or name a folder with --folder.");
  const secret = await menubar("install", "--folder", home, "--url", "http://h:1", "--token", "t");
  expect(secret.exitCode).toBe(2);
  expect(secret.stderr).toContain("A token does not belong into a plugin's file.");
  const unknown = await menubar("--format", "gnome");
  expect(unknown.stderr).toBe("error: Option '--format' must be one of swiftbar, xbar, argos, not 'gnome'.\n");
});
