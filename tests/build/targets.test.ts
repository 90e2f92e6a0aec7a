import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageHome } from "../../build/native-packages.ts";
import { root } from "../../build/paths.ts";
import { type Target, type TargetName, flavoursOf, hostTarget, integrities, targets } from "../../build/targets.ts";
import packageJson from "../../package.json" with { type: "json" };

const all = Object.entries(targets) as [TargetName, Target][];
const lock = readFileSync(join(root, "bun.lock"), "utf8");

function packagesOf({ lancedb, llama }: Target): string[] {
  const libraries = [
    { name: "@lancedb/lancedb", library: lancedb },
    { name: "node-llama-cpp", library: llama },
  ];
  return libraries.flatMap(({ name, library }) =>
    library === null ? [] : [name, ...Object.values(library.packages)].map((each) => `${each}@${library.version}`),
  );
}

test.each(all)("every native package of %s has a checksum", (_, target) => {
  for (const each of packagesOf(target)) {
    expect(integrities[each] !== undefined || lock.includes(`["${each}", `), each).toBe(true);
  }
});

test("no checksum is kept for a package that no target has, but for the older ones of other platforms that Linux x64 has too", () => {
  const used = new Set(all.flatMap(([, target]) => packagesOf(target)));
  const unused = Object.keys(integrities).filter((each) => !used.has(each));
  expect(unused).toEqual(["@lancedb/lancedb-linux-x64-gnu@0.31.0", "@node-llama-cpp/linux-x64@3.21.1"]);
});

test("Linux x64 has the versions that are developed with", () => {
  const { lancedb, llama } = targets["linux-x64"];
  expect(lancedb.version).toBe(packageJson.dependencies["@lancedb/lancedb"]);
  expect(llama.version).toBe(packageJson.dependencies["node-llama-cpp"]);
});

test("CUDA is a flavour where there is a llama.cpp for it", () => {
  const withCuda = all.map(([name]) => name).filter((name) => flavoursOf(name).includes("cuda"));
  expect(withCuda).toEqual(["linux-x64", "linux-x64-baseline", "windows-x64"]);
});

test("a package without a checksum is refused by its name", async () => {
  const wanted = { name: "@lancedb/lancedb-linux-x64-gnu", version: "0.1.0", target: targets[hostTarget()] };
  const refusal = await packageHome(wanted).catch((error: Error) => error.message);
  expect(refusal).toBe("@lancedb/lancedb-linux-x64-gnu@0.1.0 has no checksum: add it to build/targets.ts");
});
