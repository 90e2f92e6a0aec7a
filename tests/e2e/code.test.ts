import { expect, test } from "bun:test";
import { archive, exec, flow } from "#fixtures/bundles.ts";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";

function codeFlow(codeBody: string, language = "python") {
  return flow(
    "f",
    [
      exec("start", "on_flow_start", { out: ["n:number"] }),
      exec("x", "code", {
        in: ["n:number"],
        out: ["output:any", "double:any", "execution:object"],
        data: { codeBody, language },
      }),
      exec("end", "on_flow_end", { in: ["output:any", "double:any", "execution:object"] }),
    ],
    [
      "start > x",
      "x > end",
      "start.n -> x.n",
      "x.output -> end.output",
      "x.double -> end.double",
      "x.execution -> end.execution",
    ],
  );
}

async function run(gateway: Gateway, name: string, document: ReturnType<typeof codeFlow>) {
  await gateway.upload(name, archive(name, [document]));
  const runId = await gateway.start(name, { n: 21 });
  await gateway.follow(runId);
  return (await gateway.get(`/runs/${runId}`)).body;
}

test("code nodes run in their own process, and a failure names the node, the error and the line", async () => {
  const gateway = await startGateway();
  const python = await run(gateway, "py", codeFlow("return {'double': n * 2, 'half': n / 3}"));
  expect(python).toMatchObject({ status: "completed" });
  const script = await run(gateway, "js", codeFlow("return { double: n * 2 }", "javascript"));
  expect(script).toMatchObject({ status: "completed" });
  const failed = await run(gateway, "bad", codeFlow("\nreturn n / 0"));
  expect(failed).toMatchObject({
    status: "failed",
    error: "Node 'x' (code): ZeroDivisionError: division by zero (line 2)",
  });
  const records = await gateway.ledger(python.run_id);
  const call = records.find((record) => record.effect?.type === "code" && record.status === "completed");
  expect(call.result).toMatchObject({ success: true, double: 42, output: { double: 42, half: 7 } });
  expect(call.result.execution).toMatchObject({ permissions: "sandbox" });
  expect(await gateway.close()).toBe(0);
}, 120_000);

test("a function node of the older form runs its expression there too", async () => {
  const gateway = await startGateway();
  const older = (expression: string) =>
    flow(
      "f",
      [
        exec("start", "on_flow_start", { out: ["n:number"] }),
        exec("x", "function", { in: ["n:number"], out: ["result:any"], data: { expression } }),
        exec("end", "on_flow_end", { in: ["result:any"] }),
      ],
      ["start > x", "x > end", "start.n -> x.n", "x.result -> end.result"],
    );
  const resultOf = async (name: string, expression: string) => {
    const { run_id } = await run(gateway, name, older(expression));
    return (await gateway.ledger(run_id)).findLast((record) => record.result?.completed)?.result.output.result;
  };
  expect(await resultOf("double", "n * 2 + x['n']")).toBe(63);
  expect(await resultOf("wrong", "n / 0")).toEqual({ error: expect.stringContaining("ZeroDivisionError") });
  await gateway.close();
}, 120_000);
