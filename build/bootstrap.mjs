// The first thing that runs on a fresh clone, under Node 20 or newer or under Bun, without any package installed:
// gets the pinned Bun, installs the packages, then hands over to the TypeScript script of the task.
//   node build/bootstrap.mjs <start|test|build|sdk|release|image|verify|bench> [--dry-run] [arguments of the script]
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const scripts = {
  start: "build/start.ts",
  test: "build/test.ts",
  build: "build/compile.ts",
  sdk: "build/sdk.ts",
  release: "build/release.ts",
  image: "build/image.ts",
  verify: "build/verify.ts",
  bench: "build/bench.ts",
};

const root = process.env["BOOTSTRAP_ROOT"] ?? dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = join(root, "node_modules", ".bootstrap-stamp");
const installArguments = ["install", "--frozen-lockfile"];
const isWindows = process.platform === "win32";

main();

function main() {
  const [task = "", ...rest] = process.argv.slice(2);
  const script = scripts[task];
  if (!script) return fail(`Unknown task '${task}': expected one of ${Object.keys(scripts).join(", ")}.`);
  const isDryRun = rest.includes("--dry-run");
  const args = rest.filter((argument) => argument !== "--dry-run");
  const version = readJson("package.json").devDependencies.bun;
  if (isDryRun) return describe(version, script, args);
  if (needsInstall()) install(version);
  const [command, ...before] = findBun(version).command;
  run(command, [...before, script, ...args]);
}

function describe(version, script, args) {
  const bun = findBun(version);
  const quoted = (words) => words.map((word) => (/\s/.test(word) ? JSON.stringify(word) : word)).join(" ");
  console.log(`bun: ${bun.source}`);
  if (needsInstall()) console.log(`install: ${quoted([...bun.command, ...installArguments])}`);
  console.log(`run: ${quoted([...bun.command, script, ...args])}`);
}

/** The pinned Bun: the one that runs this, the installed package's, one on the path, or through npx. Another version is never taken. */
function findBun(version) {
  if (process.versions.bun === version) return { source: "this process", command: [process.execPath] };
  const packaged = join(root, "node_modules", ".bin", isWindows ? "bun.exe" : "bun");
  if (existsSync(packaged) && versionOf(packaged) === version) return { source: "node_modules", command: [packaged] };
  const onPath = find("bun");
  if (onPath && versionOf(onPath) === version) return { source: "the path", command: [onPath] };
  const npx = find("npx");
  if (npx) return { source: "npx", command: [npx, "-y", `bun@${version}`] };
  return fail(`Bun ${version} is needed, and neither it nor npx was found on the path.`);
}

function find(program) {
  const names = isWindows ? [`${program}.exe`, `${program}.cmd`] : [program];
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    for (const name of names) if (folder && existsSync(join(folder, name))) return join(folder, name);
  }
  return null;
}

function versionOf(bun) {
  const answer = spawnSync(bun, ["--version"], { encoding: "utf8" });
  return answer.status === 0 ? answer.stdout.trim() : null;
}

/** What is installed is what the lock file says, or it is installed again. */
function needsInstall() {
  return !existsSync(stampFile) || readFileSync(stampFile, "utf8") !== stamp();
}

function stamp() {
  const hash = createHash("sha256");
  for (const file of ["package.json", "bun.lock"]) hash.update(readFileSync(join(root, file))).update("\0");
  return `${hash.digest("hex")} ${process.platform}-${process.arch}\n`;
}

function install(version) {
  const [command, ...before] = findBun(version).command;
  const { status, error } = spawnSync(command, [...before, ...installArguments], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: isWindows,
  });
  if (status !== 0) fail(`The packages could not be installed${error ? `: ${error.message}` : "."}`);
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, stamp());
}

/** Runs the script in the foreground; its end is ours. */
function run(command, args) {
  const child = spawn(command, args, { cwd: root, stdio: "inherit", shell: isWindows && command.endsWith(".cmd") });
  // ^C reaches the child from the terminal too; a service manager's signal reaches this process only.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("error", (error) => fail(`${command} could not be started: ${error.message}`));
  child.on("exit", (code, signal) =>
    process.exit(signal ? 128 + ({ SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal] ?? 0) : (code ?? 1)),
  );
}

function readJson(file) {
  return JSON.parse(readFileSync(join(root, file), "utf8"));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
