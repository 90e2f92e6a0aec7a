import { executable, isStale, root } from "./paths.ts";
import { compile } from "./compile.ts";

/** Measures the executable, not the sources. */
if (isStale()) await compile({ outfile: executable });
const bench = Bun.spawn([process.execPath, "tests/bench/gateway.bench.ts", ...process.argv.slice(2)], {
  cwd: root,
  env: { ...process.env, ABSTRACTGATEWAY_EXECUTABLE: executable },
  stdio: ["inherit", "inherit", "inherit"],
});
process.exit(await bench.exited);
