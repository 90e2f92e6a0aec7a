import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Harness, createHarness } from "./harness.ts";

let gateway: Harness;
let trusting: Harness;
let base: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "files-test-"));
  const root = join(base, "root");
  const docs = join(base, "docs");
  for (const folder of [root, docs, join(root, "src/deep")]) await mkdir(folder, { recursive: true });
  await writeFile(join(root, "readme.md"), "# Title\nsecond line\n");
  await writeFile(join(root, "photo.PNG"), "png");
  await writeFile(join(root, "src/main.ts"), "export const one = 1;\n");
  await writeFile(join(root, "src/deep/main.py"), "x = 1\n");
  await writeFile(join(root, "data.bin"), new Uint8Array([0, 1, 2]));
  await writeFile(join(docs, "guide.txt"), "guide");
  await writeFile(join(base, "secret.txt"), "secret");
  await symlink(join(base, "secret.txt"), join(root, "way.txt"));
  const workspace = { dir: root, mounts: [{ name: "handbook", path: docs }] };
  gateway = await createHarness({ workspace });
  trusting = await createHarness({ workspace: { ...workspace, allowsClientScope: true } });
});

afterAll(async () => {
  await gateway.close();
  await trusting.close();
  await rm(base, { recursive: true });
});

const get = (path: string, to = gateway) => to.request("GET", `/api/gateway${path}`);
const pathsOf = (body: any) => body.items.map((item: any) => item.path);

test("the policy names folders and limits, and no path of this machine", async () => {
  const { body, text } = await get("/workspace/policy");
  expect(body).toEqual({
    ok: true,
    policy: {
      target: "server",
      mounts: [{ name: "handbook" }],
      max_attachment_bytes: 26_214_400,
      client_workspace_scope_overrides: false,
      allowed_access_modes: ["workspace_only", "workspace_or_allowed"],
    },
  });
  expect(text).not.toContain("/tmp");
  const other = (await get("/workspace/policy", trusting)).body.policy;
  expect(other).toMatchObject({ client_workspace_scope_overrides: true });
  expect(other.allowed_access_modes).toContain("all_except_ignored");
});

describe("a list of files", () => {
  test.each<[string, string[]]>([
    ["", ["data.bin", "photo.PNG", "readme.md", "src"]],
    ["path=src", ["src/deep", "src/main.ts"]],
    ["recursive=true&include_directories=false&family=code", ["src/deep/main.py", "src/main.ts"]],
    ["recursive=true&max_depth=2&include_directories=false&extensions=.ts,py", ["src/main.ts"]],
    ["family=image&include_directories=false", ["photo.PNG"]],
    ["query=READ", ["readme.md"]],
    ["path=handbook", ["handbook/guide.txt"]],
  ])("with %p is %p", async (query, expected) => {
    const { status, body } = await get(`/files/list?${query}`);
    expect([status, pathsOf(body)]).toEqual([200, expected]);
  });

  test("tells sizes, families and the folder by its name, and that there is more", async () => {
    const { body } = await get("/files/list?limit=2");
    expect(body).toEqual({
      folder_path: ".",
      items: [
        { path: "data.bin", name: "data.bin", kind: "file", family: "other", size_bytes: 3 },
        { path: "photo.PNG", name: "photo.PNG", kind: "file", family: "image", size_bytes: 3 },
      ],
      truncated: true,
    });
    expect((await get("/files/list?path=handbook")).body.items[0]).toMatchObject({ mount: "handbook" });
  });
});

test("a search finds files by words of their paths, the best first", async () => {
  expect(pathsOf((await get("/files/search?query=main")).body)).toEqual(["src/main.ts", "src/deep/main.py"]);
  expect(pathsOf((await get("/files/search?query=deep%20py")).body)).toEqual(["src/deep/main.py"]);
  expect((await get("/files/search?query=nothing")).body).toEqual({ items: [] });
});

test("a file is read with numbers, and what cannot be read as text says so in the same place", async () => {
  const { body } = await get("/files/read?path=readme.md&start_line=2&end_line=2");
  expect(body).toEqual({ path: "readme.md", content: "File: readme.md (lines 2-2 of 2)\n\n2: second line" });
  expect((await get("/files/read?path=data.bin")).body.content).toStartWith("Error: 'data.bin' is a binary file");
  const skimmed = await get("/files/skim?path=readme.md");
  expect([skimmed.status, skimmed.body.content]).toEqual([200, expect.stringContaining("# Title")]);
});

test.each(["list", "read", "skim"])("files/%s leads nowhere outside the workspace", async (route) => {
  for (const path of ["../secret.txt", "/etc/passwd", "way.txt", "src/../../secret.txt", "handbook/../../secret.txt"]) {
    const answer = await get(`/files/${route}?path=${encodeURIComponent(path)}&workspace_root=/`);
    expect([path, answer.status]).toEqual([path, 403]);
  }
});

test("a client may choose the root only with the operator's leave, and ignored folders stay closed", async () => {
  const deep = "workspace_root=src";
  expect(pathsOf((await get(`/files/list?${deep}`)).body)).toContain("readme.md");
  expect(pathsOf((await get(`/files/list?${deep}`, trusting)).body)).toEqual(["deep", "main.ts"]);
  expect((await get("/files/read?path=src/main.ts&workspace_ignored_paths=src", trusting)).status).toBe(403);
  expect(pathsOf((await get("/files/search?query=main", trusting)).body)).toContain("src/main.ts");
  expect((await get("/files/search?query=main&workspace_ignored_paths=src", trusting)).body.items).toEqual([]);
});

test.each<[string, number]>([
  ["/files/read", 422],
  ["/files/skim", 422],
  ["/files/search", 422],
  ["/files/read?path=none.txt", 404],
  ["/files/read?path=src", 400],
  ["/files/list?path=readme.md", 400],
  ["/files/list?family=smells", 400],
  ["/files/list?limit=0", 422],
  ["/files/read?path=readme.md&start_line=0", 422],
  ["/files/skim?path=readme.md&target_percent=90", 422],
])("%s answers %d", async (path, status) => {
  expect((await get(path)).status).toBe(status);
});

test("a run's folder is shown by a desktop, where there is one", async () => {
  const opened: string[] = [];
  const desktop = await createHarness({ services: { openFolder: (folder) => (opened.push(folder), "finder") } });
  const root = join(desktop.dataDir, "workspaces/w1");
  await desktop.addRun("mine", 0, {}, JSON.stringify({ workspace_root: root }));
  await desktop.addRun("none", 0);
  const open = (run: string, to = desktop) => to.request("POST", `/api/gateway/runs/${run}/workspace/open`);
  expect((await open("mine")).body).toEqual({
    ok: true,
    opened: true,
    run_id: "mine",
    workspace_root: root,
    opener: "finder",
  });
  expect(opened).toEqual([root]);
  expect([(await open("none")).status, (await open("nobody")).status]).toEqual([409, 404]);
  await desktop.close();
  await gateway.addRun("mine", 0, {}, JSON.stringify({ workspace_root: join(gateway.dataDir, "workspaces/w1") }));
  expect((await open("mine", gateway)).status).toBe(501);
});
