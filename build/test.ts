import { existsSync, readdirSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "./compile.ts";
import { executable, isStale, root } from "./paths.ts";

/** Folders whose tests drive the executable; the others test the sources. */
const endToEnd = ["browser", "crash", "e2e"];
/** No tests of their own. */
const notTests = ["bench", "fixtures"];

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

async function main(paths: string[]): Promise<void> {
  if (isStale()) {
    console.log("Building dist/abstractgateway …");
    await compile({ outfile: executable });
  }
  const groups = paths.length > 0 ? [paths] : testGroups();
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const group of groups) {
    const counts = await runTests(group);
    for (const key of ["passed", "failed", "skipped"] as const) total[key] += counts[key];
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
}

function testGroups(): string[][] {
  const names = readdirSync(join(root, "tests"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || entry.name.endsWith(".test.ts"))
    .map((entry) => entry.name)
    .filter((name) => !notTests.includes(name))
    .sort();
  const path = (name: string) => `./tests/${name}`;
  const hasTests = (name: string) =>
    name.endsWith(".ts") || [...new Bun.Glob("**/*.test.{ts,tsx}").scanSync(join(root, "tests", name))].length > 0;
  const there = names.filter(hasTests);
  return [there.filter((name) => !endToEnd.includes(name)), there.filter((name) => endToEnd.includes(name))]
    .filter((group) => group.length > 0)
    .map((group) => group.map(path));
}

async function runTests(paths: string[]): Promise<Counts> {
  const folder = await mkdtemp(join(tmpdir(), "gateway-report-"));
  const report = join(folder, "report.xml");
  const temporary = join(folder, "tmp");
  // Some tests run the executable as another user, who has to come through here.
  await chmod(folder, 0o755);
  await mkdir(temporary);
  try {
    const child = Bun.spawn(
      [process.execPath, "test", "--timeout=60000", "--reporter=junit", `--reporter-outfile=${report}`, ...paths],
      {
        cwd: root,
        // What tests leave in the folder for temporary files goes with it.
        env: { ...process.env, ABSTRACTGATEWAY_EXECUTABLE: executable, TMPDIR: temporary },
        stdio: ["ignore", "inherit", "inherit"],
      },
    );
    const exitCode = await child.exited;
    const counts = existsSync(report) ? countsOf(await readFile(report, "utf8")) : { passed: 0, failed: 0, skipped: 0 };
    // A file that cannot be loaded, or an error outside a test, is in the exit code and not in the report.
    return exitCode !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The totals in the head of a JUnit report. */
function countsOf(xml: string): Counts {
  const head = /<testsuites\b[^>]*>/.exec(xml)?.[0] ?? "";
  const number = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const [failed, skipped] = [number("failures"), number("skipped")];
  return { passed: number("tests") - failed - skipped, failed, skipped };
}

await main(process.argv.slice(2));
