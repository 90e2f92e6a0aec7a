import { describe, expect, test } from "bun:test";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive } from "#fixtures/bundles.ts";
import { runCli } from "#fixtures/cli.ts";
import { startFakeGateway } from "#fixtures/fake-gateway.ts";
import { ask, short } from "#fixtures/sample-flows.ts";

async function file(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), "gateway-bundle-")), name);
  await Bun.write(path, bytes as Uint8Array<ArrayBuffer>);
  return path;
}

describe("bundle inspect", () => {
  test("shows what is in the file", async () => {
    const path = await file("two.flow", archive("two", [short, ask]));
    const { exitCode, stdout } = await runCli(["bundle", "inspect", path, "--json"]);
    expect(exitCode).toBe(0);
    const summary = JSON.parse(stdout);
    expect(summary.bundle_ref).toStartWith("two@");
    expect(summary.digest).toBe(Bun.SHA256.hash(await Bun.file(path).bytes(), "hex"));
    expect(summary.flows).toHaveLength(2);
    expect((await runCli(["bundle", "inspect", path])).stdout).toMatch(/^bundle_ref +two@/);
  });

  test("takes a path relative to the folder where it runs", async () => {
    const path = await file("here.flow", archive("here", [short]));
    expect((await runCli(["bundle", "inspect", "here.flow"], { cwd: join(path, "..") })).exitCode).toBe(0);
  });
});

describe("bundle check", () => {
  test("a sound bundle is 0", async () => {
    const { exitCode, stdout } = await runCli(["bundle", "check", await file("a.flow", archive("a", [short]))]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^a@\S+ is sound\.\n$/);
  });

  test("a broken one is 1 with a sentence, as text and as JSON", async () => {
    const path = await file("b.flow", "not a zip");
    const { exitCode, stderr, stdout } = await runCli(["bundle", "check", path]);
    expect(exitCode).toBe(1);
    expect(stderr).toStartWith("error: ");
    expect(stdout).toBe("");
    const json = await runCli(["bundle", "check", path, "--json"]);
    expect(json.exitCode).toBe(1);
    expect(JSON.parse(json.stdout).problems).toHaveLength(1);
  });

  test.each(["inspect", "check", "install"])("%s of a file that is not there is 66", async (command) => {
    const { exitCode, stderr } = await runCli(["bundle", command, "missing.flow"]);
    expect(exitCode).toBe(66);
    expect(stderr).toContain("missing.flow");
  });
});

describe("bundle pack", () => {
  const hello = join(import.meta.dirname, "../../src/bundles/builtin/hello");

  test("makes a file that check finds sound and that holds the same each time", async () => {
    const cwd = await mkdtemp(join(tmpdir(), "gateway-pack-"));
    const manifest = await Bun.file(join(hello, "manifest.json")).json();
    await Bun.write(
      join(cwd, "source/manifest.json"),
      JSON.stringify({ ...manifest, bundle_id: "mine", bundle_version: "2.0.0" }),
    );
    const [flowPath = ""] = Object.values(manifest.flows as Record<string, string>);
    await Bun.write(join(cwd, "source", flowPath), Bun.file(join(hello, "flow.json")));
    const { exitCode, stdout } = await runCli(["bundle", "pack", "source", "--json"], { cwd });
    expect(exitCode).toBe(0);
    const packed = JSON.parse(stdout);
    expect(packed).toMatchObject({ path: join(cwd, "mine@2.0.0.flow"), bundle_ref: "mine@2.0.0" });
    expect((await runCli(["bundle", "check", packed.path])).stdout).toBe("mine@2.0.0 is sound.\n");
    const again = await runCli(["bundle", "pack", "source", "-o", "again.flow"], { cwd });
    expect(again.stdout).toStartWith(`Wrote ${join(cwd, "again.flow")} (mine@2.0.0, `);
    expect(await Bun.file(join(cwd, "again.flow")).bytes()).toEqual(await Bun.file(packed.path).bytes());
    const refused = await runCli(["bundle", "pack", "source"], { cwd });
    expect(refused.exitCode).toBe(75);
    expect(refused.stderr).toContain("mine@2.0.0.flow exists");
    expect((await runCli(["bundle", "pack", "source", "--overwrite"], { cwd })).exitCode).toBe(0);
  });

  test("refuses what a gateway would refuse, and writes nothing", async () => {
    const cwd = await mkdtemp(join(tmpdir(), "gateway-pack-"));
    await Bun.write(join(cwd, "source/manifest.json"), "{}");
    const { exitCode, stderr } = await runCli(["bundle", "pack", "source", "-o", "out.flow"], { cwd });
    expect(exitCode).toBe(2);
    expect(stderr).toStartWith("error: ");
    expect(await Bun.file(join(cwd, "out.flow")).exists()).toBe(false);
    expect((await runCli(["bundle", "pack", "nowhere"], { cwd })).exitCode).toBe(66);
  });
});

test("bundle install sends the file to the gateway and names what is installed", async () => {
  await using gateway = startFakeGateway(async (request) => {
    const form = await request.formData();
    expect(form.get("overwrite")).toBe("true");
    return Response.json({ ok: true, bundle_ref: "a@1.0.0" });
  });
  const path = await file("a.flow", archive("a", [short]));
  const args = ["bundle", "install", path, "--overwrite", "--url", gateway.url, "--token", "t"];
  expect((await runCli(args)).stdout).toBe("Installed a@1.0.0\n");
});

test("bundle list shows references and entrypoints", async () => {
  const items = [{ bundle_ref: "a@1", entrypoints: [{ flow_id: "f1", name: "Main" }] }];
  await using gateway = startFakeGateway(() => Response.json({ items }));
  const { stdout } = await runCli(["bundle", "list", "--all", "--url", gateway.url, "--token", "t"]);
  expect(stdout).toBe("BUNDLE  ENTRYPOINTS\na@1     Main (f1)\n");
  expect(gateway.requests[0]?.path).toEndWith("?all_versions=true&include_drafts=true");
});
