import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli, startCli } from "#fixtures/cli.ts";
import { startFakeGateway } from "#fixtures/fake-gateway.ts";
import { AppError } from "#core/errors.ts";
import type { Settings } from "#config/settings.ts";

const token = "a-token-of-more-than-15-characters";
const env = { ABSTRACTGATEWAY_AUTH_TOKEN: token };
const folder = () => mkdtemp(join(tmpdir(), "gateway-serve-"));

/** A gateway that only notes what happens to it. */
function recorded(url = "http://127.0.0.1:4321") {
  const events: string[] = [];
  let seen: Settings | null = null;
  return {
    events,
    settings: () => seen as unknown as Settings,
    createApp: async (settings: Settings) => {
      seen = settings;
      return {
        listen: async (options?: { http?: boolean }) => {
          events.push(options?.http === false ? "runner" : "listen");
          return { url: options?.http === false ? null : url };
        },
        stop: async () => void events.push("stop"),
      };
    },
  };
}

describe("serve", () => {
  test("refuses to start without a token and says how to get one", async () => {
    const { exitCode, stderr } = await runCli(["serve"]);
    expect(exitCode).toBe(77);
    expect(stderr).toContain("`abstractgateway config init`");
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  test("refuses a weak token where other machines reach it, and not on loopback", async () => {
    const weak = { ABSTRACTGATEWAY_AUTH_TOKEN: "short" };
    const { exitCode, stderr } = await runCli(["serve", "--host", "0.0.0.0"], { env: weak });
    expect(exitCode).toBe(77);
    expect(stderr).toContain("too weak for 0.0.0.0");
    expect(stderr).not.toContain("short");
    const app = recorded();
    const cli = await startCli(["serve", "--host", "127.0.0.1", "--data-dir", await folder()], {
      env: weak,
      createApp: app.createApp,
    });
    await cli.shows("Listening");
    cli.signal("SIGTERM");
    expect((await cli.done).exitCode).toBe(0);
  });

  test("tells a variable that means nothing, with what was probably meant", async () => {
    const app = recorded();
    const cli = await startCli(["serve", "--data-dir", await folder()], {
      env: { ...env, ABSTRACTGATEWAY_MAX_BODY_BYTE: "5" },
      createApp: app.createApp,
    });
    await cli.shows("Listening");
    cli.signal("SIGTERM");
    const { stderr } = await cli.done;
    expect(stderr).toContain("ABSTRACTGATEWAY_MAX_BODY_BYTE");
    expect(stderr).toContain("ABSTRACTGATEWAY_MAX_BODY_BYTES");
  });

  test("says where it listens and where its data is, drains on SIGTERM and ends with 0", async () => {
    const app = recorded();
    const dataDir = await folder();
    const cli = await startCli(["serve", "--port", "0", "--data-dir", dataDir], { env, createApp: app.createApp });
    await cli.shows("Listening on http://127.0.0.1:4321");
    await cli.shows("run hello");
    const [url] = (await readFile(join(dataDir, "gateway.url"), "utf8")).split("\n");
    expect(url).toBe("http://127.0.0.1:4321");
    expect(app.events).toEqual(["listen"]);
    cli.signal("SIGTERM");
    const { exitCode, stdout } = await cli.done;
    expect(exitCode).toBe(0);
    expect(stdout).toContain(dataDir);
    expect(app.events).toEqual(["listen", "stop"]);
    expect(existsSync(join(dataDir, "gateway.url"))).toBe(false);
    expect(cli.aborts).toEqual([]);
  });

  test("a second ^C ends at once", async () => {
    const app = recorded();
    const cli = await startCli(["serve", "--data-dir", await folder()], { env, createApp: app.createApp });
    await cli.shows("Listening");
    cli.signal("SIGINT");
    cli.signal("SIGINT");
    await cli.done;
    expect(cli.aborts).toEqual([130]);
  });

  test("its flags win over the environment, in both spellings", async () => {
    const dataDir = await folder();
    for (const [data, flows] of [
      ["--data-dir", "--flows-dir"],
      ["--data", "--flows"],
    ] as const) {
      const app = recorded();
      const args = [
        "serve",
        data,
        dataDir,
        `${flows}=${dataDir}/f`,
        "--port",
        "4000",
        "--host",
        "localhost",
        "--no-runner",
      ];
      const cli = await startCli(args, {
        env: { ...env, ABSTRACTGATEWAY_DATA_DIR: "/nowhere" },
        createApp: app.createApp,
      });
      await cli.shows("no runner here");
      cli.signal("SIGTERM");
      await cli.done;
      expect(app.settings()).toMatchObject({
        dataDir,
        flowsDir: `${dataDir}/f`,
        port: 4000,
        host: "localhost",
        runner: false,
      });
    }
  });

  test("an address in use is one sentence, and what was opened is closed", async () => {
    const app = recorded();
    const createApp = async (settings: Settings) => ({
      ...(await app.createApp(settings)),
      listen: () => Promise.reject(new AppError("unavailable", "Port 80 is in use.")),
    });
    const { exitCode, stderr } = await runCli(["serve"], { env, createApp });
    expect(exitCode).toBe(69);
    expect(stderr).toBe("error: Port 80 is in use.\n");
    expect(app.events).toEqual(["stop"]);
  });
});

test("runner runs without HTTP and needs no token", async () => {
  const app = recorded();
  const cli = await startCli(["runner"], { createApp: app.createApp });
  await cli.shows("Running workflows of");
  cli.signal("SIGTERM");
  expect((await cli.done).exitCode).toBe(0);
  expect(app.events).toEqual(["runner", "stop"]);
});

describe("health", () => {
  test("is 0 for a gateway and 69 for anything else", async () => {
    await using gateway = startFakeGateway(() => Response.json({ status: "healthy", service: "abstractgateway" }));
    await using other = startFakeGateway(() => new Response("hello"));
    expect((await runCli(["health", "--url", gateway.url])).exitCode).toBe(0);
    expect((await runCli(["health", "--url", other.url])).exitCode).toBe(69);
    expect((await runCli(["health", "--url", "http://127.0.0.1:1"])).exitCode).toBe(69);
  });

  test("asks the gateway that left its address in the data folder", async () => {
    await using gateway = startFakeGateway(() => Response.json({ status: "healthy", service: "abstractgateway" }));
    const dataDir = await folder();
    await Bun.write(join(dataDir, "gateway.url"), `${gateway.url}\n`);
    expect((await runCli(["health", "--data-dir", dataDir])).exitCode).toBe(0);
  });
});

test("commands find the gateway of their data folder and use the configured token", async () => {
  await using gateway = startFakeGateway((request) =>
    request.url.endsWith("/health")
      ? Response.json({ status: "healthy", service: "abstractgateway" })
      : Response.json({ items: [] }),
  );
  const dataDir = await folder();
  await Bun.write(join(dataDir, "gateway.url"), `${gateway.url}\n`);
  const { stdout } = await runCli(["runs", "--data-dir", dataDir], { env });
  expect(stdout).toBe("No runs.\n");
  expect(gateway.requests.at(-1)?.headers.get("authorization")).toBe(`Bearer ${token}`);
});
