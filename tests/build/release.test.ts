import { afterAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv, type AnySchema } from "ajv";
import { writeArchive } from "../../build/archive.ts";
import { homebrewFormula } from "../../build/homebrew/formula.ts";
import { root } from "../../build/paths.ts";
import { releaseName, sha256Of } from "../../build/release.ts";
import { sbom } from "../../build/sbom.ts";
import { type TargetName, flavoursOf, targets } from "../../build/targets.ts";
import { thirdParty } from "../../build/third-party.ts";

// The library keeps CycloneDX's own schemas, and exports them to nobody.
const schemas = join(root, "node_modules/@cyclonedx/cyclonedx-library/res/schema");
const schema = (name: string) => Bun.file(join(schemas, `${name}.SNAPSHOT.schema.json`)).json() as Promise<AnySchema>;

const folder = await mkdtemp(join(tmpdir(), "gateway-release-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
const builds = (Object.keys(targets) as TargetName[]).flatMap((target) =>
  flavoursOf(target).map((flavour) => ({ target, flavour })),
);

test.each(builds)("the bill of materials of $target, $flavour is CycloneDX 1.6", async ({ target, flavour }) => {
  const ajv = new Ajv({ strict: false, validateFormats: false, logger: false });
  ajv.addSchema(await schema("spdx"), "http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json");
  ajv.addSchema(await schema("jsf-0.82"), "http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json");
  const validate = ajv.compile(await schema("bom-1.6"));
  const text = sbom({ target, flavour, commit: "c", sha256: "0".repeat(64), fileName: releaseName(target, flavour) });
  const isValid = await validate(JSON.parse(text));
  expect({ isValid, errors: validate.errors ?? [] }).toEqual({ isValid: true, errors: [] });
});

test("a bill of materials names what the build has and leaves out what it lacks", () => {
  const names = (target: TargetName, flavour: "light" | "default" | "cuda") =>
    thirdParty(target, flavour).map(({ name, version }) => `${name}@${version}`);
  expect(names("linux-x64", "default")).toContain("@lancedb/lancedb@0.39.0");
  expect(names("linux-x64", "default")).toContain("@node-llama-cpp/linux-x64-vulkan@3.22.1");
  expect(names("linux-x64", "default").join()).not.toContain("cuda");
  expect(names("linux-x64", "cuda")).toContain("@node-llama-cpp/linux-x64-cuda-ext@3.22.1");
  expect(names("darwin-arm64", "default")).toContain("@lancedb/lancedb@0.31.0");
  expect(names("darwin-x64", "default").join()).not.toContain("lancedb");
  expect(names("linux-x64", "light").join()).not.toMatch(/lancedb|llama/);
});

test("everything inside has a licence by name", () => {
  const unnamed = thirdParty("linux-x64", "cuda").filter(({ license, text }) => license === "" && text === "");
  expect(unnamed.map(({ name }) => name)).toEqual([]);
});

test("an archive has the same bytes whenever it is made, and tar reads it", async () => {
  const source = join(folder, "source");
  await mkdir(join(source, "inner"), { recursive: true });
  await writeFile(join(source, "inner", "a.txt"), "a".repeat(513));
  await writeFile(join(source, "b.txt"), "");
  const entries = [
    { name: "program", path: join(source, "inner", "a.txt") },
    { name: "folder", path: source },
  ];
  const [first, second] = [join(folder, "1.tar.gz"), join(folder, "2.tar.gz")];
  await writeArchive(first, entries);
  await writeArchive(second, entries.toReversed());
  expect(await sha256Of(first)).toBe(await sha256Of(second));
  const target = join(folder, "out");
  await mkdir(target);
  const tar = Bun.spawnSync(["tar", "-xzf", first, "-C", target], { stderr: "pipe" });
  expect(tar.stderr.toString()).toBe("");
  expect(await readFile(join(target, "folder/inner/a.txt"), "utf8")).toBe("a".repeat(513));
  expect(await readFile(join(target, "folder/b.txt"), "utf8")).toBe("");
  expect(await readFile(join(target, "program"), "utf8")).toBe("a".repeat(513));
});

const files = builds.map(({ target, flavour }, index) => ({
  target,
  flavour,
  fileName: releaseName(target, flavour),
  sha256: index.toString(16).padStart(64, "0"),
}));

test("the formula has the checksum of the default file of each system", () => {
  const formula = homebrewFormula("1.2.3", files) ?? "";
  for (const target of ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64"] as const) {
    const file = files.find((each) => each.target === target && each.flavour === "default");
    expect(formula).toMatch(new RegExp(`/v1.2.3/${file?.fileName}", using: :nounzip\n +sha256 "${file?.sha256}"`));
  }
});

test("there is no formula when a system's file is missing", () => {
  expect(
    homebrewFormula(
      "1.2.3",
      files.filter(({ target }) => target !== "darwin-x64"),
    ),
  ).toBeNull();
});

const ruby = Bun.which("ruby");
if (ruby === null) console.warn("The formula's syntax is not checked: this needs ruby.");
test.skipIf(ruby === null)("the formula is Ruby", () => {
  const formula = homebrewFormula("1.2.3", files) ?? "";
  const checked = Bun.spawnSync(["ruby", "-c", "-"], { stdin: Buffer.from(formula), stdout: "pipe", stderr: "pipe" });
  expect(checked.stdout.toString() + checked.stderr.toString()).toBe("Syntax OK\n");
});
