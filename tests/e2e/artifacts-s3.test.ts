import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { startGateway, token } from "#fixtures/gateway.ts";
import { s3Credentials, startS3Server } from "#fixtures/s3-server.ts";

test("with a bucket, uploads go there and come back from there, ranges too, and none of it is on the disk", async () => {
  const bucket = startS3Server("things");
  const gateway = await startGateway({
    env: {
      ABSTRACTGATEWAY_S3_BUCKET: "things",
      ABSTRACTGATEWAY_S3_ENDPOINT: bucket.url,
      ABSTRACTGATEWAY_S3_REGION: "eu-1",
      ABSTRACTGATEWAY_S3_ACCESS_KEY_ID: s3Credentials.accessKeyId,
      ABSTRACTGATEWAY_S3_SECRET_ACCESS_KEY: s3Credentials.secretAccessKey,
    },
  });
  const headers = { authorization: `Bearer ${token}` };
  const upload = (bytes: Uint8Array) => {
    const form = new FormData();
    form.set("session_id", "s1");
    form.set("file", new File([bytes as BlobPart], "big.bin"));
    return fetch(`${gateway.url}/api/gateway/attachments/upload`, { method: "POST", headers, body: form });
  };
  try {
    const bytes = crypto.getRandomValues(new Uint8Array(65_536));
    const whole = Buffer.concat(Array.from({ length: 300 }, () => bytes));
    const { artifact } = await (await upload(whole)).json();
    expect(bucket.objects.size).toBe(1);
    const content = `${gateway.url}/api/gateway/runs/session_memory_s1/artifacts/${artifact.artifact_id}/content`;
    const answer = await fetch(content, { headers, redirect: "error" });
    expect(answer.status).toBe(200);
    expect(Bun.SHA256.hash(await answer.bytes(), "hex")).toBe(artifact.sha256);
    const part = await fetch(content, { headers: { ...headers, range: "bytes=65530-65541" } });
    expect([part.status, Buffer.from(await part.bytes())]).toEqual([206, whole.subarray(65_530, 65_542)]);
    bucket.refuse("QuotaExceeded");
    const refused = await upload(bytes);
    expect([refused.status, await refused.text()]).toEqual([507, expect.stringContaining("QuotaExceeded")]);
    expect(await readdir(join(gateway.dataDir, "artifacts", "incoming"))).toEqual([]);
    expect(existsSync(join(gateway.dataDir, "artifacts", "blobs"))).toBe(false);
  } finally {
    await gateway.close();
    await bucket.close();
  }
});
