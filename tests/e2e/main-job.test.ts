import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, copyFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { archive } from "#fixtures/bundles.ts";
import { executable, startGateway } from "#fixtures/gateway.ts";
import { model } from "#fixtures/sample-flows.ts";

const modelFile = resolve(import.meta.dirname, "../fixtures/models/tiny-chat.gguf");
const shared = resolve(process.env["SHARED_DIR"] ?? join(import.meta.dirname, "../../../shared"));
const shipped = join(shared, "flows/bundles/basic-llm-test@0.0.0.flow");

async function dataWithModel(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), "gateway-main-job-"));
  await mkdir(join(dataDir, "models"));
  await copyFile(modelFile, join(dataDir, "models/tiny-chat.gguf"));
  return dataDir;
}

test("a bundle asks the local model and the answer is in the ledger and on the stream", async () => {
  const gateway = await startGateway({ dataDir: await dataWithModel() });
  await gateway.upload("model", archive("model", [model]));
  const runId = await gateway.start("model", {
    prompt: "What is the capital of France?",
    provider: "local",
    model: "tiny-chat",
  });
  const events = await gateway.follow(runId);
  expect(events.at(-1)?.event).toBe("done");
  const completion = events.find((event) => event.data.record?.effect === null)?.data.record;
  expect(completion.result.output.response).toBe("Paris.");
  const call = events.find(
    (event) => event.data.record?.effect?.type === "llm_call" && event.data.record.status === "completed",
  );
  expect(call?.data.record.result).toMatchObject({ provider: "local", model: "tiny-chat", finish_reason: "stop" });
  expect(await gateway.close()).toBe(0);
}, 120_000);

test("kill -9 in the middle of a model call: the next process closes the attempt, asks again and the run ends once", async () => {
  const dataDir = await dataWithModel();
  const first = await startGateway({ dataDir });
  await first.upload("model", archive("model", [model]));
  const runId = await first.start("model", { prompt: "Tell me a long story", provider: "local", model: "tiny-chat" });
  await first.follow(runId, (event) => event.data.record?.status === "started");
  await first.kill();
  const second = await startGateway({ dataDir });
  await second.follow(runId);
  const records = await second.ledger(runId);
  const calls = records
    .filter((record) => record.effect?.type === "llm_call")
    .map((record) => [record.status, record.attempt]);
  expect(calls).toEqual([
    ["started", 1],
    ["failed", 1],
    ["started", 2],
    ["completed", 2],
  ]);
  expect(records.filter((record) => record.effect === null).length).toBe(1);
  expect((await second.get(`/runs/${runId}`)).body.status).toBe("completed");
  await second.kill();
  const verified = Bun.spawnSync([...executable, "verify", "--data-dir", dataDir]);
  expect(verified.exitCode).toBe(0);
}, 120_000);

test.skipIf(!existsSync(shipped))(
  "the shipped bundle basic-llm-test answers through the executable (skipped without the shared flows)",
  async () => {
    const gateway = await startGateway({
      dataDir: await dataWithModel(),
      env: { ABSTRACTGATEWAY_DEFAULT_PROVIDER: "local", ABSTRACTGATEWAY_DEFAULT_MODEL: "tiny-chat" },
    });
    const bytes = new Uint8Array(await Bun.file(shipped).arrayBuffer());
    expect((await gateway.upload("basic-llm-test@0.0.0", bytes)).status).toBe(200);
    const runId = await gateway.start("basic-llm-test", {
      prompt: "What is the capital of France?",
      provider: "local",
      model: "tiny-chat",
    });
    const events = await gateway.follow(runId);
    const completion = events.find((event) => event.data.record?.effect === null)?.data.record;
    expect(completion.result.output.response).toBe("Paris.");
    await gateway.close();
  },
  120_000,
);
