import { compile } from "./compile.ts";
import { executable, isStale, root } from "./paths.ts";

/** Measures the executable where there is one to measure; one table per benchmark. `bun build/bench.ts [ledger|gateway|idle|local|busy|front|memory|artifacts|start]…` */
const known = ["ledger", "gateway", "idle", "local", "busy", "front", "memory", "artifacts", "start"];

async function main(names: string[]): Promise<void> {
  if (isStale()) await compile({ outfile: executable });
  for (const name of names.length > 0 ? names : known) {
    console.log(`── ${name}`);
    const bench = Bun.spawn([process.execPath, `tests/bench/${name}.bench.ts`], {
      cwd: root,
      // Thousands of streams at once are more than a client opens by default.
      env: { ...process.env, ABSTRACTGATEWAY_EXECUTABLE: executable, BUN_CONFIG_MAX_HTTP_REQUESTS: "4096" },
      stdio: ["inherit", "inherit", "inherit"],
    });
    const code = await bench.exited;
    if (code !== 0) process.exit(code);
  }
}

await main(process.argv.slice(2));
