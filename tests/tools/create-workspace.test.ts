import { mkdirSync, symlinkSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "bun:test";
import { AppError } from "#core/errors.ts";
import { createWorkspace, openWorkspace } from "#tools/create-workspace.ts";
import { Folder, failure, noLimits } from "./tool-bench.ts";

describe("the vars of a run", () => {
  test("without a root make no workspace", () => {
    expect(createWorkspace({}, noLimits)).toBeNull();
    expect(createWorkspace({ workspace_root: " ", workspace_access_mode: "nonsense" }, noLimits)).toBeNull();
    expect(createWorkspace({ workspace_root: 5 }, noLimits)).toBeNull();
  });

  test.each(["everything", 5, true])("with the access mode %p are refused", (mode) => {
    const make = () => createWorkspace({ workspace_root: "/tmp", workspace_access_mode: mode }, noLimits);
    expect(make).toThrow(AppError);
    expect(make).toThrow(/is not one of workspace_only, workspace_or_allowed, all_except_ignored/);
  });

  test("give a relative root below the operator's base folder", async () => {
    using base = new Folder({ "project/a.txt": "" });
    const workspace = createWorkspace({ workspace_root: "project" }, { ...noLimits, baseDir: base.path });
    expect(await workspace?.resolve("a.txt")).toEqual({ path: base.at("project/a.txt"), shown: "a.txt" });
  });

  test.each([
    ["a list", (path: string) => [path, 5]],
    ["the JSON of a list", (path: string) => JSON.stringify([path])],
    ["lines", (path: string) => `\n  ${path}\r\n/somewhere/else`],
  ])("name allowed folders as %s", async (_form, write) => {
    using root = new Folder();
    using other = new Folder({ "b.txt": "" });
    const vars = { workspace_access_mode: "workspace_or_allowed", workspace_allowed_paths: write(other.path) };
    const found = await root.workspace(vars).resolve(other.at("b.txt"));
    expect(found).toEqual({ path: other.at("b.txt"), shown: `${basename(other.path)}/b.txt` });
  });
});

describe("a path", () => {
  test.each([
    ["a.txt", "a.txt"],
    ["@a.txt", "a.txt"],
    ["./sub/../a.txt", "a.txt"],
    ["sub//b.txt", "sub/b.txt"],
    [".", "."],
    ["new/deep/file.txt", "new/deep/file.txt"],
    ["..a", "..a"],
    ["ünï – 文.txt", "ünï – 文.txt"],
    ["a'b\"c;$(x).txt", "a'b\"c;$(x).txt"],
    ["line\nbreak", "line\nbreak"],
  ])("%p lies in the root as %p", async (path, shown) => {
    using root = new Folder({ "a.txt": "", "sub/b.txt": "" });
    expect((await root.workspace().resolve(path)).shown).toBe(shown);
  });

  test("may begin with the name of the root, unless something in it is called so", async () => {
    using root = new Folder({ "a.txt": "" });
    const own = basename(root.path);
    expect((await root.workspace().resolve(`${own}/a.txt`)).shown).toBe("a.txt");
    root.write(`${own}/a.txt`, "");
    expect((await root.workspace().resolve(`${own}/a.txt`)).shown).toBe(`${own}/a.txt`);
  });

  test.each(["..", "../x", "sub/../../x", "@../x", "./../x", "sub/../../../../../../etc/passwd"])(
    "that climbs out is refused: %s",
    async (path) => {
      using root = new Folder({ sub: null });
      expect(await failure(root.workspace().resolve(path))).toStartWith("forbidden: ");
    },
  );

  test.each(["", "   ", "@", "a\0b"])("that is none is refused: %p", async (path) => {
    using root = new Folder();
    expect(await failure(root.workspace().resolve(path))).toStartWith("invalid_request: ");
  });

  test("that is too long, or goes through a file, is refused with a sentence", async () => {
    using root = new Folder({ "a.txt": "" });
    expect(await failure(root.workspace().resolve("x".repeat(5000)))).toContain("too long");
    expect(await failure(root.workspace().resolve("a.txt/b"))).toContain("not a folder");
  });

  test("in a folder whose name begins like the root's is outside", async () => {
    using root = new Folder();
    expect(await failure(root.workspace().resolve(`${root.path}-other/x`))).toStartWith("forbidden: ");
  });
});

describe("the mode", () => {
  test("workspace_only allows the root and nothing else", async () => {
    using root = new Folder({ "a.txt": "" });
    using other = new Folder();
    const workspace = root.workspace({ workspace_allowed_paths: [other.path] });
    expect((await workspace.resolve(root.at("a.txt"))).shown).toBe("a.txt");
    expect(await failure(workspace.resolve(other.path))).toStartWith("forbidden: ");
    expect(await failure(workspace.resolve("/etc/passwd"))).toBe(
      "forbidden: '/etc/passwd' is outside the workspace of this run",
    );
  });

  test("workspace_or_allowed gives allowed folders names, unique ones, that paths may begin with", async () => {
    using root = new Folder();
    using outside = new Folder({ "one/my docs/a.txt": "", "two/my docs/b.txt": "" });
    const workspace = root.workspace({
      workspace_access_mode: "workspace_or_allowed",
      workspace_allowed_paths: [outside.at("one/my docs"), outside.at("two/my docs")],
    });
    expect(await workspace.resolve("my_docs/a.txt")).toEqual({
      path: outside.at("one/my docs/a.txt"),
      shown: "my_docs/a.txt",
    });
    const second = await workspace.resolve(outside.at("two/my docs/b.txt"));
    expect(second.shown).toMatch(/^my_docs_[0-9a-f]{8}\/b\.txt$/);
    expect(await workspace.resolve(second.shown)).toEqual(second);
    expect(await failure(workspace.resolve("my_docs/../../two/x"))).toStartWith("forbidden: ");
    expect(await failure(workspace.resolve(outside.path))).toStartWith("forbidden: ");
  });

  test("workspace_or_allowed knows the operator's folders by their names", async () => {
    using root = new Folder();
    using docs = new Folder({ "a/b.txt": "" });
    const vars = { workspace_access_mode: "workspace_or_allowed", workspace_allowed_paths: "docs/a" };
    const mounts = [{ name: "docs", path: docs.path }];
    const workspace = root.workspace(vars, { mounts, folders: [root.path, docs.path] });
    expect(await workspace.resolve("a/b.txt")).toEqual({ path: docs.at("a/b.txt"), shown: "a/b.txt" });
  });

  test("all_except_ignored allows any absolute path, and no climbing", async () => {
    using root = new Folder();
    const workspace = root.workspace({ workspace_access_mode: "all_except_ignored" });
    expect(await workspace.resolve("/")).toEqual({ path: "/", shown: "/" });
    expect(await failure(workspace.resolve("../x"))).toStartWith("forbidden: ");
  });

  test.each(["workspace_only", "workspace_or_allowed", "all_except_ignored"])(
    "%s blocks ignored folders",
    async (mode) => {
      using root = new Folder({ "secret/a.txt": "", "secrets.txt": "" });
      symlinkSync(root.at("secret"), root.at("way"));
      const workspace = root.workspace({ workspace_access_mode: mode, workspace_ignored_paths: "secret" });
      for (const path of ["secret", "secret/a.txt", "secret/new", "way/a.txt", root.at("secret/a.txt")]) {
        expect(await failure(workspace.resolve(path))).toBe(
          `forbidden: '${path}' lies in a folder that this run must ignore`,
        );
      }
      expect((await workspace.resolve("secrets.txt")).shown).toBe("secrets.txt");
      expect(workspace.show(root.at("secret/a.txt"))).toBeNull();
    },
  );
});

describe("a symbolic link", () => {
  test("is followed before it is judged", async () => {
    using root = new Folder({ "sub/a.txt": "" });
    using other = new Folder({ "b.txt": "" });
    symlinkSync("sub/a.txt", root.at("inside"));
    symlinkSync(other.at("b.txt"), root.at("file"));
    symlinkSync(other.path, root.at("folder"));
    const workspace = root.workspace();
    expect(await workspace.resolve("inside")).toEqual({ path: root.at("sub/a.txt"), shown: "sub/a.txt" });
    for (const path of ["file", "folder", "folder/b.txt", "folder/new/x.txt", root.at("folder/new")]) {
      expect(await failure(workspace.resolve(path))).toStartWith("forbidden: ");
    }
  });

  test("that leads to nothing is judged by where it leads", async () => {
    using root = new Folder();
    using other = new Folder();
    symlinkSync(other.at("not-there"), root.at("out"));
    symlinkSync("not-there", root.at("in"));
    symlinkSync("out", root.at("twice"));
    const workspace = root.workspace();
    expect((await workspace.resolve("in")).shown).toBe("not-there");
    expect(await failure(workspace.resolve("out"))).toStartWith("forbidden: ");
    expect(await failure(workspace.resolve("twice"))).toStartWith("forbidden: ");
  });

  test("in a circle is refused", async () => {
    using root = new Folder();
    symlinkSync("b", root.at("a"));
    symlinkSync("a", root.at("b"));
    expect(await failure(root.workspace().resolve("a"))).toContain("too many symbolic links");
  });

  test("may be the root itself", async () => {
    using base = new Folder({ "real/a.txt": "" });
    symlinkSync("real", base.at("link"));
    const workspace = createWorkspace({ workspace_root: base.at("link") }, noLimits);
    expect(await workspace?.resolve("a.txt")).toEqual({ path: base.at("real/a.txt"), shown: "a.txt" });
    expect((await workspace?.resolve("link/a.txt"))?.shown).toBe("a.txt");
  });
});

describe("the operator's limits", () => {
  test("refuse a root outside, links included", async () => {
    using allowed = new Folder({ sub: null });
    using other = new Folder();
    symlinkSync(other.path, allowed.at("way-out"));
    const limits = { ...noLimits, folders: [allowed.path] };
    const resolve = (root: string) => createWorkspace({ workspace_root: root }, limits)?.resolve("x");
    expect((await resolve(allowed.at("sub")))?.shown).toBe("x");
    for (const root of [other.path, allowed.at("way-out"), "/"]) {
      expect(await failure(Promise.resolve(resolve(root)))).toContain("outside the folders that this gateway allows");
    }
  });

  test("leave out allowed folders that lie outside", async () => {
    using root = new Folder();
    using other = new Folder();
    const vars = { workspace_access_mode: "workspace_or_allowed", workspace_allowed_paths: [other.path] };
    expect(await failure(root.workspace(vars, { folders: [root.path] }).resolve(other.path))).toStartWith(
      "forbidden: ",
    );
  });

  test("turn all_except_ignored into workspace_only unless it is allowed", async () => {
    using root = new Folder();
    const workspace = root.workspace({ workspace_access_mode: "all_except_ignored" }, { allowsEverything: false });
    expect(await failure(workspace.resolve("/etc/passwd"))).toStartWith("forbidden: ");
  });

  test("have a run's own folder made when it is first used, and no other", async () => {
    using data = new Folder();
    const limits = { ...noLimits, folders: [], workspacesDir: data.at("workspaces") };
    const own = createWorkspace({ workspace_root: data.at("workspaces/abc") }, limits);
    expect((await own?.resolve("x"))?.path).toBe(data.at("workspaces/abc/x"));
    expect(() => mkdirSync(data.at("workspaces/abc"))).toThrow("EEXIST");
    const absent = createWorkspace({ workspace_root: data.at("absent") }, noLimits);
    expect(await failure(Promise.resolve(absent?.resolve("x")))).toContain("does not exist");
  });
});

test("without a workspace paths start in the given folder and may lead anywhere", async () => {
  using base = new Folder({ "sub/a.txt": "", "b.txt": "" });
  const workspace = openWorkspace(base.at("sub"));
  expect((await workspace.resolve("a.txt")).shown).toBe("a.txt");
  expect((await workspace.resolve("../b.txt")).path).toBe(base.at("b.txt"));
  expect((await workspace.resolve("/etc")).path).toBe("/etc");
});
