import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive, exec, flow } from "#fixtures/bundles.ts";
import { type Gateway, startGateway, token } from "#fixtures/gateway.ts";
import { canMount, mount, unmount } from "#fixtures/small-disk.ts";

let gateway: Gateway;
let folder: string;
let workspace: string;

const step = (id: string, type: string, pins: { in: string[]; out: string[]; defaults?: Record<string, any> }) =>
  exec(id, type, pins);

/** Writes, reads, lists, imports, reads back and exports; then makes a PDF and reads it. */
const files = flow(
  "files",
  [
    exec("start", "on_flow_start"),
    step("write", "write_file", {
      in: ["file_path:string", "content:any"],
      out: ["bytes:number", "file_path:string"],
      defaults: { file_path: "out/data.json", content: { b: 1, a: "ä" } },
    }),
    step("read", "read_file", { in: ["file_path:string"], out: ["content:any"] }),
    step("list", "list_folder_files", {
      in: ["folder_path:string", "recursive:boolean"],
      out: ["files:array", "count:number"],
      defaults: { folder_path: ".", recursive: true },
    }),
    step("import", "import_workspace_file", {
      in: ["file_path:string"],
      out: ["artifact:object", "artifact_id:string"],
    }),
    step("back", "read_artifact", { in: ["artifact:object"], out: ["json:any", "content_family:string"] }),
    step("export", "export_artifact", {
      in: ["artifact:object", "file_path:string"],
      out: ["sha256:string"],
      defaults: { file_path: "out/copy.json" },
    }),
    step("pdf", "write_pdf", {
      in: ["file_path:string", "content:string", "title:string"],
      out: ["bytes:number", "file_path:string"],
      defaults: { file_path: "out/paper.pdf", content: "# Kapitel\n\nПривет", title: "Bericht" },
    }),
    step("text", "read_pdf", { in: ["file_path:string"], out: ["content:string", "pages:number"] }),
    exec("end", "on_flow_end", {
      in: ["read:any", "files:array", "json:any", "artifact_id:string", "text:string", "pages:number"],
    }),
  ],
  [
    "start > write",
    "write > read",
    "read > list",
    "list > import",
    "import > back",
    "back > export",
    "export > pdf",
    "pdf > text",
    "text > end",
    "write.file_path -> read.file_path",
    "write.file_path -> import.file_path",
    "import.artifact -> back.artifact",
    "import.artifact -> export.artifact",
    "pdf.file_path -> text.file_path",
    "read.content -> end.read",
    "list.files -> end.files",
    "back.json -> end.json",
    "import.artifact_id -> end.artifact_id",
    "text.content -> end.text",
    "text.pages -> end.pages",
  ],
);

/** Reads one file, whatever the input names. */
const reader = flow(
  "reader",
  [
    exec("start", "on_flow_start", { out: ["file_path:string"] }),
    step("read", "read_file", { in: ["file_path:string"], out: ["content:any"] }),
    exec("end", "on_flow_end", { in: ["content:any"] }),
  ],
  ["start > read", "read > end", "start.file_path -> read.file_path", "read.content -> end.content"],
);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "files-e2e-"));
  workspace = join(folder, "workspace");
  await mkdir(workspace);
  await writeFile(join(folder, "secret.txt"), "secret");
  await symlink(join(folder, "secret.txt"), join(workspace, "way.txt"));
  await writeFile(join(workspace, "bad.json"), "{");
  gateway = await startGateway({ env: { ABSTRACTGATEWAY_WORKSPACE_DIR: workspace } });
  await gateway.upload("files", archive("files", [files]));
  await gateway.upload("reader", archive("reader", [reader]));
});

afterAll(async () => {
  await gateway.close();
  await rm(folder, { recursive: true });
});

const ended = async (bundle: string, input: Record<string, unknown>) =>
  gateway.until(await gateway.start(bundle, { workspace_root: workspace, ...input }), "terminal");

const outputOf = async (runId: string) =>
  (await gateway.ledger(runId)).findLast((record) => record.result?.output !== undefined).result.output;

test("a flow writes and reads files, artifacts and PDFs", async () => {
  const run = await ended("files", {});
  expect([run.status, run.error]).toEqual(["completed", null]);
  const output = await outputOf(run.run_id);
  expect(output).toMatchObject({ read: { b: 1, a: "ä" }, json: { b: 1, a: "ä" }, pages: 1 });
  expect(output.files).toContain("out/data.json");
  for (const part of ["# Page 1", "Bericht", "Kapitel", "Привет"]) expect(output.text).toContain(part);
  expect(await Bun.file(join(workspace, "out/data.json")).text()).toBe('{\n  "b": 1,\n  "a": "ä"\n}\n');
  expect(await Bun.file(join(workspace, "out/copy.json")).text()).toBe(
    await Bun.file(join(workspace, "out/data.json")).text(),
  );
  const { body } = await gateway.get(`/runs/${run.run_id}/artifacts/${output.artifact_id}`);
  expect(body).toMatchObject({ tags: { kind: "run_input", path: "out/data.json", node_id: "import" } });
});

test("a flow reads nothing outside its workspace, and says why", async () => {
  const reasons: [string, RegExp][] = [
    ["../secret.txt", /leads out of the workspace/],
    [join(folder, "secret.txt"), /outside the workspace/],
    ["way.txt", /outside the workspace/],
    ["none.txt", /does not exist/],
    ["bad.json", /not valid JSON/],
    [".", /is a folder/],
  ];
  for (const [path, reason] of reasons) {
    const run = await ended("reader", { file_path: path });
    expect([path, run.status, run.error]).toEqual([path, "failed", expect.stringMatching(reason)]);
    expect(JSON.stringify(await gateway.ledger(run.run_id))).not.toContain('"secret"');
  }
});

test("an upload is found, read in parts, and its counters survive a restart", async () => {
  const form = new FormData();
  form.set("session_id", "s1");
  form.set("file", new File(["0123456789"], "n.txt", { type: "text/plain" }));
  const sent = await fetch(`${gateway.url}/api/gateway/attachments/upload`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: form,
  });
  const { artifact } = await sent.json();
  const content = `${gateway.url}/api/gateway/runs/session_memory_s1/artifacts/${artifact.artifact_id}/content`;
  const part = await fetch(content, { headers: { authorization: `Bearer ${token}`, range: "bytes=2-4" } });
  expect([part.status, await part.text(), part.headers.get("etag")]).toEqual([206, "234", `"${artifact.sha256}"`]);
  const whole = await fetch(`${content}?access=download`, { headers: { authorization: `Bearer ${token}` } });
  expect([await whole.text(), whole.headers.get("content-disposition")]).toEqual([
    "0123456789",
    expect.stringContaining('filename="n.txt"'),
  ]);
  const found = await gateway.get("/artifacts/search?query=n.txt&scope=session&session_id=s1");
  expect(found.body.items.map((item: any) => item.artifact_id)).toEqual([artifact.artifact_id]);
  const { dataDir } = gateway;
  gateway.process.kill("SIGTERM");
  await gateway.process.exited;
  gateway = await startGateway({ dataDir, env: { ABSTRACTGATEWAY_WORKSPACE_DIR: workspace } });
  const { body } = await gateway.get(`/runs/session_memory_s1/artifacts/${artifact.artifact_id}`);
  expect(body.access).toMatchObject({ download_count: 1 });
  expect(await readdir(join(dataDir, "artifacts", "incoming"))).toEqual([]);
});

test.skipIf(!canMount)(
  "a disk that is full in the middle of an upload is told, and nothing is left (skipped where nothing can be mounted)",
  async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "files-full-"));
    mount(dataDir, "size=24m");
    const small = await startGateway({ dataDir, env: { ABSTRACTGATEWAY_MAX_ATTACHMENT_BYTES: "100000000" } });
    try {
      const form = new FormData();
      form.set("session_id", "s1");
      form.set("file", new File([new Uint8Array(60_000_000)], "big.bin"));
      const answer = await fetch(`${small.url}/api/gateway/attachments/upload`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
        body: form,
      });
      expect([answer.status, await answer.text()]).toEqual([507, expect.stringContaining("the disk is full")]);
      expect(await readdir(join(dataDir, "artifacts", "incoming"))).toEqual([]);
      expect((await small.get("/artifacts/search")).body.total).toBe(0);
    } finally {
      await small.kill();
      unmount(dataDir);
      await rm(dataDir, { recursive: true });
    }
  },
);
