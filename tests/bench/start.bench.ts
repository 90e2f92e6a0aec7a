import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Gateway, executable, startGateway } from "#fixtures/gateway.ts";
import { type Row, print, round, sample, timeOf } from "./measure.ts";

/** Size, start and idle memory of each flavour that is built for this machine: `dist/abstractgateway` and what lies in `dist/release`. */
const starts = 5;
const rows: Row[] = [];
const releases = resolve(import.meta.dirname, "../../dist/release");
const released = existsSync(releases) ? readdirSync(releases).sort() : [];
const own = released.filter((name) => new RegExp(`-${process.platform}-${process.arch}(-light)?$`).test(name));

const flavours = [
  { name: "build", command: executable },
  ...own.map((name) => ({ name, command: [join(releases, name)] })),
];
for (const { name, command } of flavours) {
  rows.push(row(`${name}: size`, round(statSync(command[0] ?? "").size / 1e6, 0), "MB", null));
  const cold: number[] = [];
  let rssMb = 0;
  for (let index = 0; index < starts; index++) {
    const started: { gateway?: Gateway } = {};
    const ms = await timeOf(async () => {
      started.gateway = await startGateway({ command });
      await fetch(`${started.gateway.url}/api/health`);
    });
    cold.push(ms);
    if (index === starts - 1 && started.gateway) {
      await Bun.sleep(1000);
      rssMb = sample(started.gateway.process.pid).rssMb;
    }
    await started.gateway?.close();
  }
  rows.push(row(`${name}: start to first 200, best of ${starts}`, round(Math.min(...cold), 0), "ms", 300));
  rows.push(row(`${name}: idle memory`, round(rssMb, 0), "MB", 100));
}

function row(what: string, measured: number, unit: string, most: number | null): Row {
  const target = most === null ? "" : `≤ ${most} ${unit}`;
  return { what, measured, unit, floor: null, ratio: null, target, ok: most === null || measured <= most };
}

print(rows);
