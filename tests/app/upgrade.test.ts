import { afterAll, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rollBack, upgradeExecutable } from "#app/upgrade/replace-executable.ts";
import { rejection } from "#fixtures/rejection.ts";

const made: string[] = [];
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gateway-upgrade-"));
  made.push(folder);
});

interface Program {
  version: string;
  /** Exit code and findings of its check of itself. */
  check?: { exitCode: number; findings: object[] };
  /** It runs only under this name. */
  onlyAs?: string;
}

/** A program that answers as an executable of ours does. */
function script({ version, check = { exitCode: 0, findings: [] }, onlyAs = "*" }: Program): string {
  return `#!/bin/sh
case "$(basename "$0")" in ${onlyAs}) ;; *) exit 9 ;; esac
case "$1" in
  version) echo '{"version":"${version}","commit":"0123456789abcdef"}' ;;
  self-check) echo '${JSON.stringify(check.findings)}'; exit ${check.exitCode} ;;
esac
`;
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

async function installed(version: string): Promise<string> {
  const path = join(folder, "abstractgateway");
  await writeFile(path, script({ version }), { mode: 0o755 });
  return path;
}

async function offered(text: string, sums = `${sha256(text)}  new-one\n`): Promise<string> {
  const offer = await mkdtemp(join(tmpdir(), "gateway-offer-"));
  made.push(offer);
  await writeFile(join(offer, "new-one"), text);
  await writeFile(join(offer, "SHA256SUMS"), sums);
  return join(offer, "new-one");
}

function upgrade(executable: string, from: string, sum: string | null = null) {
  return upgradeExecutable({ executable, from, sha256: sum, settingsArgs: [], cwd: folder });
}

test("a checked executable takes the place of the old one, which is kept and comes back", async () => {
  const executable = await installed("1.0.0");
  const replaced = await upgrade(executable, await offered(script({ version: "2.0.0" })));
  expect(replaced).toMatchObject({ from: "1.0.0 (01234567)", to: "2.0.0 (01234567)" });
  expect(readFileSync(executable, "utf8")).toContain("2.0.0");
  expect(readFileSync(replaced.previous, "utf8")).toContain("1.0.0");

  expect(await rollBack(executable, folder)).toMatchObject({ from: "2.0.0 (01234567)", to: "1.0.0 (01234567)" });
  expect(readFileSync(executable, "utf8")).toContain("1.0.0");
  // And forward again.
  expect(await rollBack(executable, folder)).toMatchObject({ to: "2.0.0 (01234567)" });
  expect(readdirSync(folder).sort()).toEqual(["abstractgateway", "abstractgateway.previous"]);
});

const good = script({ version: "2.0.0" });
const failing = {
  exitCode: 1,
  findings: [
    { level: "ok", message: "fine" },
    { level: "fail", message: "LanceDB is broken" },
  ],
};
test.each<[string, string, string | null, string | undefined, string]>([
  ["other bytes than its checksum says", good, "0".repeat(64), undefined, "is not what its checksum says"],
  ["a checksum that is none", good, "abc", undefined, "64 hexadecimal digits"],
  ["no checksum at all", good, null, "", "There is no checksum of new-one"],
  ["another program", "#!/bin/sh\necho hello\n", null, undefined, "is no abstractgateway that runs here"],
  ["bytes that are no program", "\u007fELF nonsense", null, undefined, "is no abstractgateway that runs here"],
  [
    "one that finds itself broken",
    script({ version: "2.0.0", check: failing }),
    null,
    undefined,
    "stays: LanceDB is broken",
  ],
])("%s: the old one stays, and nothing else is left", async (_, text, sum, sums, sentence) => {
  const executable = await installed("1.0.0");
  const failure = await rejection(upgrade(executable, await offered(text, sums), sum));
  expect(failure).toMatchObject({ message: expect.stringContaining(sentence) });
  expect(readFileSync(executable, "utf8")).toContain("1.0.0");
  expect(readdirSync(folder)).toEqual(["abstractgateway"]);
});

test("one that runs beside the old one and not in its place is taken back", async () => {
  const executable = await installed("1.0.0");
  const text = script({ version: "2.0.0", onlyAs: "*.new-*" });
  const failure = await rejection(upgrade(executable, await offered(text)));
  expect(failure).toMatchObject({ message: expect.stringContaining("the previous one is back") });
  expect(readFileSync(executable, "utf8")).toContain("1.0.0");
});

test("it comes from a server of this machine with the checksums beside it, and from no other without encryption", async () => {
  const path = await offered(good);
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ url }) => {
      const name = new URL(url).pathname.slice(1);
      return existsSync(join(path, "..", name))
        ? new Response(Bun.file(join(path, "..", name)))
        : new Response("", { status: 404 });
    },
  });
  try {
    const executable = await installed("1.0.0");
    const missing = await rejection(upgrade(executable, `${server.url}missing`, sha256(good)));
    expect(missing).toMatchObject({ message: expect.stringContaining("HTTP status 404") });
    expect(await upgrade(executable, `${server.url}new-one`)).toMatchObject({ to: "2.0.0 (01234567)" });
    const refusal = await rejection(upgrade(executable, "http://example.com/new-one", sha256(good)));
    expect(refusal).toMatchObject({ message: expect.stringContaining("is no https address and no file") });
  } finally {
    await server.stop(true);
  }
});

test("without a previous one there is nothing to go back to", async () => {
  const failure = await rejection(rollBack(await installed("1.0.0"), folder));
  expect(failure).toMatchObject({ code: "not_found" });
});
