import { afterAll, beforeAll, expect, test } from "bun:test";
import { archive, exec, flow } from "#fixtures/bundles.ts";
import { type Gateway, executable, startGateway, token } from "#fixtures/gateway.ts";

const ask = flow(
  "colours",
  [
    exec("start", "on_flow_start"),
    exec("ask", "ask_user", {
      in: ["prompt:string", "choices:array"],
      out: ["response:string"],
      defaults: { prompt: "Red | blue?", choices: ["red", "blue"] },
    }),
    exec("end", "on_flow_end", { in: ["response:string"] }),
  ],
  ["start > ask", "ask > end", "ask.response -> end.response"],
);

const timer = flow(
  "timer",
  [
    exec("start", "on_flow_start"),
    exec("w", "wait_until", {
      in: ["duration:number"],
      defaults: { duration: 3600 },
      data: { effectConfig: { durationType: "seconds" } },
    }),
    exec("end", "on_flow_end"),
  ],
  ["start > w", "w > end"],
);

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
  await gateway.upload("colours", archive("colours", [ask]));
  await gateway.upload("timer", archive("timer", [timer]));
});
afterAll(async () => {
  expect(await gateway.close()).toBe(0);
});

const environment = () => ({
  PATH: process.env["PATH"] ?? "",
  HOME: gateway.dataDir,
  ABSTRACTGATEWAY_AUTH_TOKEN: token,
});

async function run(command: string[]) {
  const child = Bun.spawn(command, {
    cwd: gateway.dataDir,
    env: environment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

const menubar = (...words: string[]) => run([...executable, "menubar", ...words, "--data-dir", gateway.dataDir]);

test("the question of a run is in the menu, and the click that a choice is answers it, once", async () => {
  const runId = await gateway.start("colours");
  await gateway.until(runId, "waiting");
  const { stdout } = await menubar();
  expect(stdout.split("\n")[0]).toStartWith("◆ ?1 |");
  const lines = stdout.split("\n");
  const choice = lines[lines.findIndex((line) => line.startsWith("? Red ¦ blue? |")) + 2] ?? "";
  expect(choice).toStartWith("--blue |");
  const program = /bash="([^"]+)"/.exec(choice)?.[1] ?? "";
  const words = [...choice.matchAll(/param\d+="([^"]*)"/g)].map((match) => match[1] ?? "");
  expect((await run([program, ...words])).code).toBe(0);
  await gateway.follow(runId);
  const ended = (await gateway.ledger(runId)).findLast((record) => record.result?.completed);
  expect(ended.result.output).toMatchObject({ response: "blue" });
  const again = await run([program, ...words]);
  expect([again.code, again.stderr]).toEqual([
    75,
    "error: The question is no longer open: it was answered, or the run has ended.\n",
  ]);
  expect((await menubar()).stdout).toStartWith("◆ |");
});

test("pause all holds what runs, leaves the open question, and resume all lets go on", async () => {
  const timerId = await gateway.start("timer");
  const askingId = await gateway.start("colours");
  for (const runId of [timerId, askingId]) await gateway.until(runId, "waiting");
  expect((await menubar("pause-all")).stdout).toBe("Paused: 1.\n");
  expect((await gateway.get(`/runs/${timerId}`)).body.paused).toBe(true);
  expect((await menubar()).stdout).toContain("\nResume all |");
  expect((await menubar("resume-all")).stdout).toBe("Resumed: 1.\n");
  expect((await gateway.get(`/runs/${timerId}`)).body.paused).toBe(false);
  for (const runId of [timerId, askingId]) await gateway.command(runId, "cancel");
});
