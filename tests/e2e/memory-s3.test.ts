import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { rejection } from "#fixtures/rejection.ts";
import { s3Credentials, startS3Server } from "#fixtures/s3-server.ts";

/* The index of the knowledge graph in an object store, through the executable. */

const access = (url: string, keyId = s3Credentials.accessKeyId) => ({
  ABSTRACTGATEWAY_MEMORY_STORE_PATH: "s3://things/graph",
  AWS_ENDPOINT_URL: url,
  AWS_REGION: "eu-1",
  AWS_ACCESS_KEY_ID: keyId,
  AWS_SECRET_ACCESS_KEY: s3Credentials.secretAccessKey,
  RUST_LOG: "error",
});
const fact = (name: string, object: string) => ({ subject: `ex:${name}`, predicate: "schema:about", object });
const assertAll = (gateway: Gateway, ...assertions: object[]) =>
  gateway.post("/kg/assert", { scope: "global", dedupe: false, assertions });

async function ask(gateway: Gateway, more: object = {}) {
  const { status, body } = await gateway.post("/kg/query", { scope: "global", order: "asc", ...more });
  return { status, objects: body.items?.map(({ object }: any) => object), detail: body.detail };
}

test("the graph's index lies in the bucket, is there after kill -9, and is made again when the bucket is empty", async () => {
  const bucket = startS3Server("things");
  let gateway = await startGateway({ env: access(bucket.url) });
  const { dataDir } = gateway;
  try {
    const { status } = await assertAll(gateway, fact("ada", "green tea"), fact("bob", "black coffee"));
    expect(status).toBe(200);
    expect(await ask(gateway)).toMatchObject({ status: 200, objects: ["green tea", "black coffee"] });
    const words = { query_text: "coffee", ranking: "words" };
    expect((await ask(gateway, words)).objects).toEqual(["black coffee"]);
    const { items } = (await gateway.post("/kg/query", { scope: "global", subject: "ex:ada" })).body;
    await gateway.post("/kg/invalidate", { assertion_ids: [items[0].assertion_id] });
    expect((await ask(gateway)).objects).toEqual(["black coffee"]);
    expect([...bucket.objects.keys()].every((key) => key.startsWith("graph/assertions_plain.lance/"))).toBe(true);
    expect(await readdir(join(dataDir, "abstractmemory"))).not.toContain("kg");

    await gateway.kill();
    gateway = await startGateway({ dataDir, env: access(bucket.url) });
    await assertAll(gateway, fact("eve", "cold water"));
    expect((await ask(gateway)).objects).toEqual(["black coffee", "cold water"]);

    await gateway.kill();
    bucket.objects.clear();
    gateway = await startGateway({ dataDir, env: access(bucket.url) });
    expect((await ask(gateway)).objects).toEqual(["black coffee", "cold water"]);
    expect(existsSync(join(dataDir, "s3:"))).toBe(false);
  } finally {
    await gateway.close();
    await bucket.close();
  }
}, 60_000);

test("a bucket that does not let the gateway in is told, what is asserted is kept, and the right key finds it", async () => {
  const bucket = startS3Server("things");
  let gateway = await startGateway({ env: access(bucket.url, "AKOTHER") });
  const { dataDir } = gateway;
  try {
    expect((await assertAll(gateway, fact("ada", "green tea"))).status).toBe(200);
    const { status, detail } = await ask(gateway);
    expect([status, detail]).toEqual([503, expect.stringContaining("s3://things/graph could not be opened")]);
    await gateway.kill();
    gateway = await startGateway({ dataDir, env: access(bucket.url) });
    expect((await ask(gateway)).objects).toEqual(["green tea"]);
  } finally {
    await gateway.close();
    await bucket.close();
  }
}, 60_000);

test("an address that is no bucket, and a bucket for another backend, are refused at the start", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "gateway-no-bucket-"));
  const begin = (env: Record<string, string>) => rejection(startGateway({ dataDir, env }));
  const other = await begin({ ABSTRACTGATEWAY_MEMORY_STORE_PATH: "gs://things/graph" });
  expect(String(other)).toContain("only s3://bucket/prefix is known");
  const sqlite = await begin({
    ABSTRACTGATEWAY_MEMORY_STORE_PATH: "s3://things/graph",
    ABSTRACTGATEWAY_MEMORY_STORE_BACKEND: "sqlite",
  });
  expect(String(sqlite)).toContain("needs the backend lancedb");
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);
