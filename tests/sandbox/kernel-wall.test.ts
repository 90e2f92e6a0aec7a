import { expect, test } from "bun:test";
import { join } from "node:path";

const script = `
import { closeKernelWall } from ${JSON.stringify(join(import.meta.dirname, "../../src/sandbox/kernel-wall.ts"))};
import { readFileSync, writeFileSync } from "node:fs";
const refused = (act) => { try { act(); return false; } catch (error) { return error.code === "EPERM"; } };
const isClosed = closeKernelWall();
const web = await fetch("http://127.0.0.1:9/").then(() => "", (error) => String(error));
console.log(JSON.stringify([
  isClosed,
  refused(() => readFileSync("/etc/passwd")),
  refused(() => writeFileSync("/tmp/never", "")),
  refused(() => Bun.spawnSync(["true"])),
  refused(() => process.kill(process.ppid, 0)),
  web.includes("EPERM"),
]));
`;

test.skipIf(process.platform !== "linux")(
  "the kernel refuses files, programs, signals and sockets from then on",
  () => {
    const { stdout } = Bun.spawnSync([process.execPath, "-e", script], { stderr: "inherit" });
    expect(JSON.parse(stdout.toString())).toEqual([true, true, true, true, true, true]);
  },
);
