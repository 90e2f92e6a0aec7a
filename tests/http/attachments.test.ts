import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { clientPath, fileNameOf } from "#http/attachment.ts";
import { type Answer, type Harness, createHarness, token } from "./harness.ts";

const api = "/api/gateway";
const maxAttachmentBytes = 100_000;
let gateway: Harness;
let folder: string;

beforeEach(async () => {
  gateway = await createHarness({ limits: { maxAttachmentBytes } });
  folder = join(gateway.dataDir, "workspaces");
  await mkdir(folder, { recursive: true });
});
afterEach(() => gateway.close());

interface FormField {
  name: string;
  value: string | Blob;
  filename?: string;
}

function upload(fields: FormField[]): Promise<Answer> {
  const form = new FormData();
  for (const { name, value, filename } of fields) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, value, filename);
  }
  return gateway.request("POST", `${api}/attachments/upload`, { body: form });
}

const file = (text: string, filename = "a.txt", type = "text/plain"): FormField => ({
  name: "file",
  value: new Blob([text], { type }),
  filename,
});
const session = (id = "s1"): FormField => ({ name: "session_id", value: id });
const sha256 = (text: string) => Bun.SHA256.hash(text, "hex");

/** Files that an upload has begun and nobody has taken. */
async function leftBehind(): Promise<string[]> {
  const found: string[] = [];
  for (const name of ["incoming", "uploads"]) {
    const at = join(gateway.dataDir, "artifacts", name);
    if (existsSync(at)) found.push(...(await readdir(at)));
  }
  return found;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error("it did not come to be in time");
    await Bun.sleep(5);
  }
}

describe("an upload", () => {
  test("becomes an artifact of the session's memory with the tags of the contract", async () => {
    const { status, body } = await upload([
      session(),
      { name: "source_path", value: "docs\\notes\\a.txt" },
      file("hello", "C:\\docs\\a.txt"),
    ]);
    const id = sha256("session_memory_s1\u0000hello").slice(0, 32);
    const ref = {
      $artifact: id,
      artifact_id: id,
      content_type: "text/plain",
      modality: "text",
      run_id: "session_memory_s1",
      filename: "a.txt",
      source_path: "client:docs/notes/a.txt",
      sha256: sha256("hello"),
      target: "client",
    };
    expect(status).toBe(200);
    expect(body).toMatchObject({ ok: true, run_id: "session_memory_s1", artifact: ref, attachment: ref });
    expect(body.metadata).toMatchObject({
      size_bytes: 5,
      tags: {
        kind: "attachment",
        target: "client",
        source: "upload",
        path: "client:docs/notes/a.txt",
        filename: "a.txt",
        session_id: "s1",
        sha256: sha256("hello"),
        modality: "text",
      },
    });
    const content = await gateway.request("GET", `${api}/runs/session_memory_s1/artifacts/${id}/content`);
    expect([content.text, content.headers.get("content-length")]).toEqual(["hello", "5"]);
    expect(await leftBehind()).toEqual([]);
  });

  test("is the same artifact when the same bytes come again, and another one in another session", async () => {
    const idOf = async (fields: FormField[]) => (await upload(fields)).body.artifact.artifact_id;
    const first = await idOf([session(), file("same")]);
    expect(await idOf([session(), file("same", "b.txt")])).toBe(first);
    // The session may also come last.
    expect(await idOf([file("same"), session()])).toBe(first);
    expect(await idOf([session("s2"), file("same")])).not.toBe(first);
    expect(await readdir(join(gateway.dataDir, "artifacts", "blobs"))).toHaveLength(1);
  });

  test.each<[FormField[], string]>([
    [[file("x", "a.png", "application/octet-stream")], "image/png"],
    [[file("x", "a.unknown", "application/octet-stream")], "application/octet-stream"],
    [[file("x", "a.txt", "text/markdown; charset=utf-8")], "text/markdown"],
    [[{ name: "content_type", value: "Audio/WAV" }, file("x", "a.txt")], "audio/wav"],
    [[{ name: "filename", value: "b.json" }, file("x", "a", "application/octet-stream")], "application/json"],
  ])("of %p has the type that is told, else the one that its name says", async (fields, type) => {
    const { body } = await upload([session(), ...fields]);
    expect(body.artifact.content_type).toBe(type);
  });

  test("may have the largest size, and not a byte more", async () => {
    expect((await upload([session(), file("x".repeat(maxAttachmentBytes))])).status).toBe(200);
    const { status, body } = await upload([session(), file("y".repeat(maxAttachmentBytes + 1))]);
    expect([status, body.detail]).toEqual([413, "Attachment too large (100001 bytes > 100000 bytes)"]);
    expect(await leftBehind()).toEqual([]);
  });

  test.each<[string, FormField[], number, RegExp]>([
    ["without a session", [file("x")], 400, /session_id is required/],
    ["with a blank session", [session(" "), file("x")], 400, /session_id is required/],
    ["without a file", [session()], 422, /Field required/],
    ["with a text in place of the file", [session(), { name: "file", value: "x" }], 422, /a file is expected/],
    [
      "with a type that is none",
      [session(), { name: "content_type", value: "nonsense" }, file("x")],
      400,
      /'nonsense' is not a media type/,
    ],
    ["with a field that is far too long", [session("s".repeat(70_000)), file("x")], 413, /session_id/],
  ])("%s is refused with the reason, and nothing is left", async (_, fields, status, reason) => {
    const answer = await upload(fields);
    expect([answer.status, answer.text]).toEqual([status, expect.stringMatching(reason)]);
    expect(await leftBehind()).toEqual([]);
  });

  const damaged: [string, string, string][] = [
    ["that ends in the middle of the file", "multipart/form-data; boundary=b", head("s1", "half of it")],
    ["whose boundary is another one", "multipart/form-data; boundary=c", `${head("s1", "x")}\r\n--b--\r\n`],
    ["without a boundary", "multipart/form-data", "x"],
  ];
  test.each(damaged)("%s is a bad request, and nothing is left", async (_, type, body) => {
    const answer = await gateway.request("POST", `${api}/attachments/upload`, {
      headers: { "content-type": type },
      body,
    });
    expect([400, 422]).toContain(answer.status);
    expect(await leftBehind()).toEqual([]);
  });

  test("that is no form misses its file", async () => {
    const answer = await gateway.request("POST", `${api}/attachments/upload`, { body: { session_id: "s1" } });
    expect([answer.status, answer.body.detail[0].loc]).toEqual([422, ["body", "file"]]);
  });

  test("whose client goes away in the middle leaves nothing", async () => {
    const { hostname, port } = new URL(gateway.url);
    const client = connect(Number(port), hostname);
    const begin = head("s1", "x".repeat(20_000));
    client.write(
      `POST ${api}/attachments/upload HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n` +
        `content-type: multipart/form-data; boundary=b\r\ncontent-length: 90000\r\n\r\n${begin}`,
    );
    await until(async () => (await leftBehind()).length === 1);
    client.destroy();
    await until(async () => (await leftBehind()).length === 0);
    expect((await gateway.request("GET", `${api}/artifacts/search`)).body.total).toBe(0);
    expect(gateway.reports).toEqual([]);
  });
});

function head(sessionId: string, content: string): string {
  const field = `--b\r\ncontent-disposition: form-data; name="session_id"\r\n\r\n${sessionId}\r\n`;
  const part = `--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\ncontent-type: text/plain\r\n\r\n`;
  return field + part + content;
}

test.each([
  ["../../etc/passwd", "etc/passwd", "passwd"],
  ["C:\\Users\\ada\\a:b.txt", "Users/ada/a_b.txt", "a_b.txt"],
  ["/abs/./x.md", "abs/x.md", "x.md"],
  ["a\u0000b\r\n.txt", "ab.txt", "ab.txt"],
  ["..", "file", "file"],
  ["", "file", "file"],
  ["dir/", "dir", "dir"],
])("the client's path %p is kept as %p, its name as %p", (given, path, name) => {
  expect([clientPath(given), fileNameOf(given)]).toEqual([path, name]);
});

describe("an upload in pieces", () => {
  const text = "0123456789";
  const begin = (more: object = {}) =>
    gateway.request("POST", `${api}/attachments/uploads`, {
      body: { session_id: "s1", filename: "n.txt", size_bytes: text.length, sha256: sha256(text), ...more },
    });
  const send = (id: string, offset: string | number, bytes: string) =>
    gateway.request("PATCH", `${api}/attachments/uploads/${id}`, {
      headers: { "upload-offset": String(offset) },
      body: bytes,
    });

  test("goes on where it stopped, and its last byte makes the artifact", async () => {
    const { body } = await begin();
    expect(body).toMatchObject({ ok: true, offset: 0, size_bytes: 10, complete: false });
    const id = body.upload_id;
    expect((await send(id, 0, "0123")).body).toMatchObject({ offset: 4, complete: false });
    expect((await gateway.request("GET", `${api}/attachments/uploads/${id}`)).body).toMatchObject({ offset: 4 });
    const last = await send(id, 4, "456789");
    expect(last.body).toMatchObject({
      complete: true,
      upload_id: null,
      offset: 10,
      artifact: { sha256: sha256(text), filename: "n.txt", content_type: "text/plain" },
      metadata: { size_bytes: 10 },
    });
    const sent = await upload([session(), file(text, "n.txt")]);
    expect(sent.body.artifact.artifact_id).toBe(last.body.artifact.artifact_id);
    expect(await leftBehind()).toEqual([]);
    expect((await gateway.request("GET", `${api}/attachments/uploads/${id}`)).status).toBe(404);
  });

  test("is not needed when the gateway has the bytes", async () => {
    await upload([session("other"), file(text)]);
    const { body } = await begin();
    expect(body).toMatchObject({ complete: true, upload_id: null, run_id: "session_memory_s1" });
    const content = `${api}/runs/session_memory_s1/artifacts/${body.artifact.artifact_id}/content`;
    expect((await gateway.request("GET", content)).text).toBe(text);
    // A stranger who knows the hash and not the size gets nothing.
    expect((await begin({ size_bytes: 9 })).body).toMatchObject({ complete: false });
  });

  test("an empty file is complete at once", async () => {
    const { body } = await begin({ size_bytes: 0, sha256: sha256("") });
    expect(body).toMatchObject({ complete: true, metadata: { size_bytes: 0 } });
  });

  test("with other bytes than were told is refused, and nothing is left", async () => {
    const { body } = await begin();
    const answer = await send(body.upload_id, 0, "012345678X");
    expect([answer.status, answer.body.detail]).toEqual([
      422,
      `The file that came has the SHA-256 ${sha256("012345678X")}, not ${sha256(text)}`,
    ]);
    expect(await leftBehind()).toEqual([]);
  });

  test("refuses a piece that begins elsewhere, one that is too long, and one that says nothing of its place", async () => {
    const id = (await begin()).body.upload_id;
    await send(id, 0, "012");
    const elsewhere = await send(id, 1, "12");
    expect([elsewhere.status, elsewhere.body.detail]).toEqual([409, "The upload stands at 3 bytes, not at 1"]);
    const long = await send(id, 3, "3456789abc");
    expect([long.status, long.body.detail]).toEqual([413, "The upload has more than the 10 bytes that were told"]);
    expect((await send(id, "x", "3")).status).toBe(400);
    expect((await send(id, 3, "3456789")).body.complete).toBe(true);
  });

  test("whose client goes away in the middle of a piece goes on with what had come", async () => {
    const content = "x".repeat(50_000);
    const { body } = await begin({ size_bytes: content.length, sha256: sha256(content) });
    const path = `${api}/attachments/uploads/${body.upload_id}`;
    const offset = async () => (await gateway.request("GET", path)).body.offset as number;
    const { hostname, port } = new URL(gateway.url);
    const client = connect(Number(port), hostname);
    client.write(
      `PATCH ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\nupload-offset: 0\r\n` +
        `content-length: ${content.length}\r\n\r\n${content.slice(0, 20_000)}`,
    );
    await until(async () => (await offset()) === 20_000);
    client.destroy();
    let last: Answer;
    // The gateway notices a moment later that the client has gone.
    do last = await send(body.upload_id, 20_000, content.slice(20_000));
    while (last.status === 409);
    expect(last.body).toMatchObject({ complete: true, artifact: { sha256: sha256(content) } });
    expect(await leftBehind()).toEqual([]);
  });

  test("can be given up", async () => {
    const id = (await begin()).body.upload_id;
    expect((await gateway.request("DELETE", `${api}/attachments/uploads/${id}`)).status).toBe(200);
    expect(await leftBehind()).toEqual([]);
    expect((await send(id, 0, "0")).status).toBe(404);
  });

  test.each<[object, number]>([
    [{ size_bytes: maxAttachmentBytes + 1 }, 413],
    [{ size_bytes: -1 }, 422],
    [{ sha256: "abc" }, 422],
    [{ session_id: "" }, 400],
    [{ content_type: "no type" }, 400],
  ])("with %p is refused", async (more, status) => {
    expect((await begin(more)).status).toBe(status);
    expect(await leftBehind()).toEqual([]);
  });

  test.each(["../../x", "nobody", "0".repeat(32)])("%p is no upload", async (id) => {
    expect((await send(encodeURIComponent(id), 0, "x")).status).toBe(404);
  });
});

describe("a file of the workspace", () => {
  const post = (path: string, body: object) => gateway.request("POST", `${api}${path}`, { body });

  test("is attached to a session", async () => {
    await writeFile(join(folder, "plan.md"), "# Plan");
    const { body } = await post("/attachments/ingest", { session_id: "s1", path: "plan.md" });
    expect(body).toMatchObject({
      ok: true,
      run_id: "session_memory_s1",
      attachment: { content_type: "text/markdown", source_path: "plan.md", target: "server" },
      metadata: { tags: { kind: "attachment", source: "workspace", filename: "plan.md" } },
    });
  });

  test("is imported for what it is meant for", async () => {
    await writeFile(join(folder, "plan.md"), "# Plan");
    const source = { kind: "workspace_path", path: "plan.md" };
    const { body } = await post("/artifacts/import", {
      session_id: "s1",
      source,
      pin_id: "doc",
      tags: { mood: "calm", kind: "ignored" },
    });
    expect(body).not.toHaveProperty("attachment");
    expect(body.metadata.tags).toMatchObject({ kind: "run_input", pin_id: "doc", mood: "calm", path: "plan.md" });
  });

  test("outside the workspace cannot be had, by no way", async () => {
    const outside = join(gateway.dataDir, "secret.txt");
    await writeFile(outside, "secret");
    await symlink(outside, join(folder, "link.txt"));
    for (const path of ["../secret.txt", outside, "link.txt", "a/../../secret.txt"]) {
      for (const route of ["/attachments/ingest", "/artifacts/import"]) {
        const answer = await post(route, { session_id: "s1", path, workspace_root: gateway.dataDir });
        expect([answer.status, answer.text.includes("secret\\n")]).toEqual([403, false]);
      }
    }
  });

  test.each<[object, number, RegExp]>([
    [{ path: "nothing.txt" }, 404, /does not exist/],
    [{ path: "." }, 400, /is a folder/],
    [{ path: "big.bin" }, 413, /Attachment too large/],
    [{ path: "" }, 400, /empty|required/],
    [{ path: "a.txt", session_id: "" }, 400, /session_id/],
    [{ path: "a.txt", content_type: "x" }, 400, /media type/],
  ])("with %p is refused with the reason", async (fields, status, reason) => {
    await writeFile(join(folder, "a.txt"), "a");
    await writeFile(join(folder, "big.bin"), "x".repeat(maxAttachmentBytes + 1));
    for (const route of ["/attachments/ingest", "/artifacts/import"]) {
      const answer = await post(route, { session_id: "s1", ...fields });
      expect([answer.status, answer.text]).toEqual([status, expect.stringMatching(reason)]);
    }
    expect(await leftBehind()).toEqual([]);
  });

  test("is written from an artifact, once, and again when it may be", async () => {
    const { body } = await upload([session(), file("hello")]);
    const run = `/runs/session_memory_s1/artifacts/${body.artifact.artifact_id}/export`;
    const { body: written } = await post(run, { path: "out/a.txt", create_parent_dirs: true });
    expect(written).toMatchObject({ ok: true, path: "out/a.txt", bytes_written: 5, sha256: sha256("hello") });
    expect(await Bun.file(join(folder, "out/a.txt")).text()).toBe("hello");
    expect((await post(run, { path: "out/a.txt" })).status).toBe(409);
    expect((await post(run, { destination: "out/a.txt", overwrite: true })).status).toBe(200);
    expect((await post(run, { path: "none/a.txt" })).status).toBe(404);
    expect((await post(run, { path: "out" })).status).toBe(400);
    expect((await post(run, {})).status).toBe(400);
    for (const path of ["../x.txt", "/etc/x.txt"]) expect((await post(run, { path })).status).toBe(403);
    expect(await readdir(join(folder, "out"))).toEqual(["a.txt"]);
    expect((await post("/runs/other/artifacts/nobody/export", { path: "x" })).status).toBe(404);
  });
});
