// A plain program of somebody else: no Bun, no sources, only the published package.
import { openAsBlob } from "node:fs";
import { SdkError, answerCommand, createClient, settled } from "abstractgateway-client";
import { createOperations } from "abstractgateway-client/operations";

const [, , baseUrl, token, file] = process.argv;
const client = createClient({ baseUrl, token, clientId: "program" });
const call = createOperations({ baseUrl, token });
const said = {};

const runId = await client.start({ bundle_id: "ask", session_id: "sdk", input_data: { topic: "stars" } });
const waiting = await settled(client, runId);
said.question = waiting.question?.prompt;
await client.command(answerCommand(waiting.question, { response: "violet" }));
said.records = 0;
for await (const { cursor } of client.follow(runId)) said.records = cursor;
const done = await settled(client, runId);
said.status = done.run.status;

const receipt = await client.upload("sdk", await openAsBlob(file), "large.bin");
said.sha256 = receipt.artifact.sha256;
const path = { run_id: receipt.run_id, artifact_id: receipt.artifact.$artifact };
const content = await call("readArtifactContent", { path });
said.bytes = (await content.arrayBuffer()).byteLength;

said.sessions = (await call("listSessions")).items.map((each) => each.session_id);
said.kept = (
  await call("saveChatThread", { path: { run_id: runId }, body: { messages: [{ role: "user", content: "?" }] } })
).message_count;
const flow = await client.flows.create({ name: "Made here", nodes: [{ id: "s", type: "on_flow_start", data: {} }] });
said.published = (await client.flows.publish(flow.id)).bundle_ref;
await client.flows
  .update(flow.id, { name: "x" }, { ifUpdatedAt: "long ago" })
  .catch((error) => (said.stale = error.status));
await client.flows.remove(flow.id);
said.flows = (await client.flows.list()).length;
said.turns = (await client.sessions.get("sdk")).turns.length;
said.asked = await client.talk.ask(runId, { messages: [] }).catch((error) => error.status);
said.refused = await call("readRun", { path: { run_id: "none" } }).catch(
  (error) => error instanceof SdkError && [error.status, error.message],
);
said.unnamed = await call("readRun", {}).catch((error) => error.message);
said.stream = (await (await call("streamLedger", { path: { run_id: runId }, query: { after: 0 } })).text()).includes(
  "event: done",
);
console.log(JSON.stringify(said));
