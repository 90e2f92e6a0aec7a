import { afterAll, describe, expect, test } from "bun:test";
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const { devDependencies } = await Bun.file(join(root, "package.json")).json();
const pinned: string = devDependencies.bun;

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

interface Machine {
  folder: string;
  bin: string;
}

/** A fresh clone without packages, on a machine whose path has only these programs. */
async function machine(programs: Record<string, string>): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), "gateway-bootstrap-"));
  folders.push(folder);
  const bin = join(folder, "bin");
  await mkdir(bin);
  await mkdir(join(folder, "build"));
  await copyFile(join(root, "build/bootstrap.mjs"), join(folder, "build/bootstrap.mjs"));
  for (const file of ["package.json", "bun.lock"]) await copyFile(join(root, file), join(folder, file));
  for (const [name, text] of Object.entries(programs)) await writeFile(join(bin, name), text, { mode: 0o755 });
  return { folder, bin };
}

const printsVersion = (version: string) => `#!/bin/sh\necho ${version}\n`;
const fake = "#!/bin/sh\nexit 1\n";

function dryRun(on: Machine, runtime: string[], args: string[]) {
  const result = Bun.spawnSync([...runtime, join(on.folder, "build/bootstrap.mjs"), ...args], {
    env: { PATH: on.bin },
    stdout: "pipe",
    stderr: "pipe",
  });
  return { exitCode: result.exitCode, stdout: result.stdout.toString(), stderr: result.stderr.toString() };
}

const node = Bun.which("node");
if (!node) console.warn("Node is not here: the bootstrap is tried under Bun only.");

describe.skipIf(!node)("the bootstrap under Node", () => {
  const underNode = [node ?? ""];

  test("without Bun it takes the pinned version through npx, installs, and runs the task's script", async () => {
    const fresh = await machine({ npx: fake });
    const { exitCode, stdout } = dryRun(fresh, underNode, ["test", "--dry-run", "tests/sdk"]);
    const bun = `${fresh.bin}/npx -y bun@${pinned}`;
    expect(exitCode).toBe(0);
    expect(stdout).toBe(`bun: npx\ninstall: ${bun} install --frozen-lockfile\nrun: ${bun} build/test.ts tests/sdk\n`);
  });

  test("takes an installed Bun of exactly the pinned version and no other", async () => {
    const same = await machine({ npx: fake, bun: printsVersion(pinned) });
    expect(dryRun(same, underNode, ["build", "--dry-run"]).stdout).toStartWith("bun: the path\n");
    const other = await machine({ npx: fake, bun: printsVersion("1.0.0") });
    expect(dryRun(other, underNode, ["build", "--dry-run"]).stdout).toStartWith("bun: npx\n");
    const broken = await machine({ npx: fake, bun: fake });
    expect(dryRun(broken, underNode, ["build", "--dry-run"]).stdout).toStartWith("bun: npx\n");
  });

  test("prefers the Bun of the installed packages", async () => {
    const installed = await machine({ npx: fake, bun: printsVersion(pinned) });
    await mkdir(join(installed.folder, "node_modules/.bin"), { recursive: true });
    await symlink(join(installed.bin, "bun"), join(installed.folder, "node_modules/.bin/bun"));
    expect(dryRun(installed, underNode, ["start", "--dry-run"]).stdout).toStartWith("bun: node_modules\n");
  });

  test("installs when the lock file changed and not otherwise", async () => {
    const log = 'echo "$@" >> "${0%/*}/calls"\n';
    const bun = `#!/bin/sh\nif [ "$1" = --version ]; then echo ${pinned}; exit; fi\n${log}`;
    const clone = await machine({ bun });
    const calls = async () => (await Bun.file(join(clone.bin, "calls")).text()).trim().split("\n");
    expect(dryRun(clone, underNode, ["build"]).exitCode).toBe(0);
    expect(dryRun(clone, underNode, ["build", "x"]).exitCode).toBe(0);
    expect(await calls()).toEqual(["install --frozen-lockfile", "build/compile.ts", "build/compile.ts x"]);
    await Bun.write(join(clone.folder, "bun.lock"), "changed");
    dryRun(clone, underNode, ["build"]);
    expect((await calls()).slice(3)).toEqual(["install --frozen-lockfile", "build/compile.ts"]);
  });

  test("a failed installation is one sentence, and is tried again the next time", async () => {
    const bun = `#!/bin/sh\nif [ "$1" = --version ]; then echo ${pinned}; exit; fi\nexit 1\n`;
    const clone = await machine({ bun });
    for (let round = 0; round < 2; round++) {
      const { exitCode, stderr } = dryRun(clone, underNode, ["build"]);
      expect(exitCode).toBe(1);
      expect(stderr).toBe("The packages could not be installed.\n");
    }
  });

  test("the script's exit code is the bootstrap's", async () => {
    const bun = `#!/bin/sh\ncase "$1" in --version) echo ${pinned};; build/*) exit 7;; esac\n`;
    expect(dryRun(await machine({ bun }), underNode, ["build"]).exitCode).toBe(7);
  });

  test("an unknown task is refused with the known ones", async () => {
    const { exitCode, stderr } = dryRun(await machine({}), underNode, ["deploy"]);
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      "Unknown task 'deploy': expected one of start, test, build, sdk, release, image, verify, bench.\n",
    );
  });
});

test("under the pinned Bun it needs nothing else", async () => {
  const { exitCode, stdout } = dryRun(await machine({}), [process.execPath], ["verify", "--dry-run"]);
  expect(exitCode).toBe(0);
  expect(stdout).toStartWith(`bun: this process\ninstall: ${process.execPath} install --frozen-lockfile\n`);
});

test("package.json calls it for every task", async () => {
  const { scripts } = await Bun.file(join(root, "package.json")).json();
  for (const task of ["start", "test", "build", "verify", "bench"]) {
    expect(scripts[task]).toBe(`node build/bootstrap.mjs ${task}`);
  }
});
