import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type ImageRoot, canRunImages, imageRoot } from "#fixtures/image-root.ts";
import { containerUser } from "../../build/container-root.ts";
import { executable } from "../../build/paths.ts";

const canRun = canRunImages && existsSync(executable);
if (!canRun) console.warn("The image's root is not tried: this needs root, unshare, chroot and dist/abstractgateway.");

const token = "token-of-the-container-test-0123456789";
const folder = await mkdtemp(join(tmpdir(), "gateway-container-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(!canRun)("the image's root, read-only, as a user without rights", () => {
  let image: ImageRoot;

  test("holds all that the executable needs", async () => {
    image = await imageRoot(folder, executable, token);
    const { exitCode, stdout, stderr } = image.run("version", "--json");
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ bun: Bun.version, flavour: "default" });
  });

  test("has nothing but the executable, the run-time libraries and the names of two users", () => {
    const files = readdirSync(image.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name);
    const known =
      /^(abstractgateway|passwd|group|ld-linux-.*\.so\.\d|lib(c|m|dl|rt|pthread|resolv|gcc_s|stdc\+\+)\.so\.\d)$/;
    expect(files.filter((name) => !known.test(name))).toEqual([]);
    expect(files).toHaveLength(12);
  });

  test("runs the sample workflow on its data volume", () => {
    const { exitCode, stderr } = image.run("run", "hello", "--input", "name=world", "--json");
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(existsSync(join(folder, "data/gateway.sqlite3"))).toBe(true);
  });

  test("unpacks and uses its native libraries on its data volume", () => {
    const { exitCode, stdout, stderr } = image.run("check", "--json");
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    const folders = (JSON.parse(stdout) as { unpacked: { folder: string } }[]).map(({ unpacked }) => unpacked.folder);
    expect(folders).toHaveLength(2);
    for (const each of folders) expect(each).toStartWith("/data/.cache/abstractgateway/native/");
  });

  test("says that it is unhealthy when nothing serves", () => {
    expect(image.run("health").exitCode).toBe(69);
  });

  test("serves, answers its own health check and a client, and stops cleanly", async () => {
    const served = Bun.spawn(image.command("serve", "--host", "127.0.0.1", "--port", "0"), {
      env: image.env,
      cwd: "/",
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    try {
      const url = await addressIn(served.stdout);
      expect((await fetch(`${url}/api/health`)).status).toBe(200);
      expect(image.run("health").stdout).toBe(`${url} is healthy.\n`);
      const refused = await fetch(`${url}/api/gateway/runs`);
      expect(refused.status).toBe(401);
      const started = await fetch(`${url}/api/gateway/runs/start`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ bundle_id: "hello", input_data: { name: "Ada" } }),
      });
      expect(started.status).toBe(200);
    } finally {
      // unshare hands no signal on: the gateway is its child.
      const child = Number(await readFile(`/proc/${served.pid}/task/${served.pid}/children`, "utf8"));
      process.kill(child, "SIGTERM");
      await served.exited;
    }
    expect(served.exitCode).toBe(0);
    // Whatever it began is in the ledger, which the next process reads.
    const runs = JSON.parse(image.run("runs", "--json").stdout) as unknown[];
    expect(runs).toHaveLength(2);
  });
});

async function addressIn(output: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const piece of output) {
    text += new TextDecoder().decode(piece);
    const url = /Listening on (\S+)/.exec(text)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`it ended without listening: ${text}`);
}

test("the Dockerfile has a user, a volume, a health check by the executable, and no registry", async () => {
  const text = await readFile(resolve(import.meta.dirname, "../../Dockerfile"), "utf8");
  expect(text).toContain(`USER ${containerUser.id}:${containerUser.id}`);
  expect(text).toContain("VOLUME /data");
  expect(text).toMatch(/HEALTHCHECK .* CMD \["\/usr\/local\/bin\/abstractgateway", "health"\]/);
  for (const [, image] of text.matchAll(/^FROM (\S+)/gm)) expect(image).toMatch(/^(scratch|[a-z]+:[\w.-]+)$/);
});

test("every service of the compose file has a read-only root, no rights to gain, and waits for what it needs", async () => {
  const text = await readFile(resolve(import.meta.dirname, "../../build/compose.yml"), "utf8");
  const { services, volumes } = Bun.YAML.parse(text) as {
    services: Record<string, Record<string, unknown>>;
    volumes: Record<string, unknown>;
  };
  expect(Object.keys(services).sort()).toEqual(["api", "gateway", "gateway-nvidia", "runner"]);
  expect(volumes).toHaveProperty("gateway-data");
  for (const service of Object.values(services)) {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      tmpfs: ["/tmp"],
      volumes: ["gateway-data:/data"],
      env_file: [{ path: "../.env", required: true }],
    });
  }
  expect(services["api"]).toMatchObject({ command: ["serve", "--no-runner"] });
  expect(services["runner"]).toMatchObject({ command: ["runner"], healthcheck: { disable: true } });
});
