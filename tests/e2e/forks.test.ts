import { afterAll, beforeAll, expect, test } from "bun:test";
import { archive, exec, flow } from "#fixtures/bundles.ts";
import { type Gateway, executable, startGateway, token } from "#fixtures/gateway.ts";
import { ask } from "#fixtures/sample-flows.ts";

let gateway: Gateway;

/** The flow `ask` with another end. */
const polite = flow(
  "ask",
  [
    exec("start", "on_flow_start"),
    exec("ask", "ask_user", { in: ["prompt:string"], out: ["response:string"], defaults: { prompt: "Your name?" } }),
    exec("ans", "answer_user", { in: ["message:string"], out: ["message:string"] }),
    exec("end", "on_flow_end", { in: ["guest:string"] }),
  ],
  ["start > ask", "ask > ans", "ans > end", "ask.response -> ans.message", "ask.response -> end.guest"],
);

beforeAll(async () => {
  gateway = await startGateway();
  await gateway.upload("ask", archive("ask", [ask]));
  await gateway.upload("ask2", archive("ask", [polite], "2.0.0"));
});
afterAll(() => gateway?.close());

async function command(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
  const child = Bun.spawn([...executable, ...args, "--data-dir", gateway.dataDir], {
    cwd: gateway.dataDir,
    env: { PATH: process.env["PATH"] ?? "", HOME: gateway.dataDir, ABSTRACTGATEWAY_AUTH_TOKEN: token, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [output, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, output, errors };
}

const output = async (runId: string) => {
  await gateway.follow(runId);
  const records = await gateway.ledger(runId);
  return records.find((record) => record.effect === null)?.result.output;
};

test("a question that was answered is answered another way in a fork, onto the next version too, and survives kill -9", async () => {
  const runId = await gateway.start("ask@1.0.0");
  await gateway.until(runId, "waiting");
  await gateway.command(runId, "resume", { payload: { response: "Ada" } });
  expect(await output(runId)).toMatchObject({ response: "Ada" });
  const refused = await command("fork", runId);
  expect([refused.code, refused.errors]).toEqual([75, expect.stringContaining("nothing is left to do")]);
  const forked = await command("fork", runId, "--at", "2", "--json");
  const { run_id: fork, forked_from } = JSON.parse(forked.output);
  expect([forked.code, forked_from]).toEqual([0, { run_id: runId, cursor: 2, record_hash: expect.any(String) }]);
  const next = (await command("fork", runId, "--at", "2", "--bundle-version", "2.0.0")).output.trim();
  expect((await command("runs", "show", next)).output).toContain(`forked from  ${runId} at 2`);

  await gateway.kill();
  const { dataDir } = gateway;
  gateway = await startGateway({ dataDir });
  for (const each of [fork, next]) {
    await gateway.command(each, "resume", { payload: { response: "Bob" } });
  }
  expect(await output(fork)).toMatchObject({ response: "Bob" });
  expect(await output(next)).toMatchObject({ guest: "Bob" });
  expect((await gateway.get(`/runs/${next}`)).body.workflow_id).toBe("ask@2.0.0:ask");
  expect(await output(runId)).toMatchObject({ response: "Ada" });
  expect((await command("verify")).output).toContain("sound.");
}, 30_000);

test("a fork from 0 is a run again with other input, followed in the terminal", async () => {
  const runId = await gateway.start("hello", { name: "Ada" });
  await gateway.follow(runId);
  const again = await command("fork", runId, "--at", "0", "--input", "name=Bob", "--follow");
  expect([again.code, again.output]).toEqual([0, expect.stringContaining("Bob")]);
  expect((await command("fork", runId, "--at", "soon")).errors).toContain("'--at' must be a cursor, not 'soon'");
}, 30_000);
