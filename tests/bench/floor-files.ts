import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The floor of moving files: a body into a file, flushed, and the file back out. No form, no hash, no ledger. Prints its address. */
const dir = await mkdtemp(join(tmpdir(), "floor-files-"));
const path = join(dir, "file.bin");

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  maxRequestBodySize: 2 ** 40,
  async fetch(request) {
    if (request.method === "GET") return new Response(Bun.file(path));
    const file = await open(path, "w");
    for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) await file.write(chunk);
    await file.sync();
    await file.close();
    return new Response("ok");
  },
});
console.log(server.url.href);
process.on("SIGTERM", () => {
  void rm(dir, { recursive: true }).then(() => process.exit(0));
});
