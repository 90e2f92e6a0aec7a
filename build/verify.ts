import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.ts";

interface Step {
  name: string;
  command: string[];
}

const bin = (name: string) => join(root, "node_modules", ".bin", name);
const formatted = ["src", "tests", "build", "package.json", "tsconfig.json", "knip.json", ".oxlintrc.json"];

/** Everything that must hold before a change goes in; `--no-tests` leaves the tests to the caller. */
const checks: Step[] = [
  {
    name: "format",
    command: [
      process.execPath,
      "fmt",
      "--no-script",
      "--check",
      ...formatted.filter((path) => existsSync(join(root, path))),
    ],
  },
  { name: "lint", command: [bin("oxlint"), "--type-aware", "--deny-warnings", "src", "tests", "build"] },
  { name: "types", command: [process.execPath, "check", "--no-script", "--all"] },
  { name: "settings in README", command: [process.execPath, "build/settings-table.ts", "--check"] },
  { name: "dead code", command: [process.execPath, bin("knip"), "--no-progress"] },
];

async function main(args: string[]): Promise<void> {
  const steps = args.includes("--no-tests")
    ? checks
    : [...checks, { name: "tests", command: [process.execPath, "build/test.ts"] }];
  const failed: string[] = [];
  for (const step of steps) {
    console.log(`── ${step.name}`);
    const child = Bun.spawn(step.command, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
    if ((await child.exited) !== 0) failed.push(step.name);
  }
  if (failed.length > 0) console.error(`Failed: ${failed.join(", ")}.`);
  process.exit(failed.length);
}

await main(process.argv.slice(2));
