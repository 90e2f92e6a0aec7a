import { afterAll, beforeAll, expect, test } from "bun:test";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { short } from "#fixtures/sample-flows.ts";

/** Bundles that an administrator shares with the users of a tenant. */
const adminToken = "bootstrap-token-0123456789abcdef";
const tokens: Record<string, string> = { admin: adminToken };
let gateway: Gateway;

async function as(user: string, method: string, path: string, body?: unknown): Promise<{ status: number; body: any }> {
  const isForm = body instanceof FormData;
  const response = await fetch(`${gateway.url}/api/gateway${path}`, {
    method,
    headers: {
      authorization: `Bearer ${tokens[user]}`,
      ...(body === undefined || isForm ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

function upload(version: string, more: Record<string, string> = {}): Promise<{ status: number; body: any }> {
  const form = new FormData();
  form.set("file", new File([archive("shared", [short], version) as BlobPart], "shared.flow"));
  for (const [name, value] of Object.entries(more)) form.set(name, value);
  return as("admin", "POST", "/admin/workflow-catalog/upload", form);
}

const start = (user: string, more: object = {}) =>
  as(user, "POST", "/runs/start", { bundle_id: "shared", registry_scope: "tenant_catalog", input_data: {}, ...more });

beforeAll(async () => {
  gateway = await startGateway({
    env: { ABSTRACTGATEWAY_USER_AUTH: "1", ABSTRACTGATEWAY_BOOTSTRAP_ADMIN_TOKEN: adminToken },
  });
  for (const [user_id, tenant_id] of [
    ["ada", "default"],
    ["bob", "default"],
    ["zoe", "elsewhere"],
  ] as const) {
    tokens[user_id] = (await as("admin", "POST", "/admin/users", { user_id, tenant_id })).body.token;
  }
  expect((await upload("1.0.0")).status).toBe(200);
});
afterAll(async () => {
  expect(await gateway.close()).toBe(0);
});

test("a shared bundle is listed with what each may do, and runs as its caller", async () => {
  const listed = await as("ada", "GET", "/workflow-catalog");
  expect(listed.body).toMatchObject({ scope: "tenant_catalog", tenant_id: "default", count: 1 });
  expect(listed.body.items[0]).toMatchObject({
    bundle_ref: "shared@1.0.0",
    status: "published",
    is_default: true,
    default_version: "1.0.0",
    run_policy: { run_as: "caller" },
    acl: { roles: ["user", "admin"], users: [], deny_users: [] },
    actions: { can_run: true, can_inspect: true, can_admin: false },
  });
  const started = await start("ada");
  expect(started.status).toBe(200);
  expect((await as("ada", "GET", `/runs/${started.body.run_id}`)).body.workflow_id).toBe("shared@1.0.0:short");
  expect((await as("admin", "GET", `/runs/${started.body.run_id}`)).status).toBe(404);
  expect((await as("ada", "GET", "/bundles")).body.items.map((item: any) => item.bundle_id)).not.toContain("shared");
  const flow = "/workflow-catalog/shared/versions/1.0.0/flows/short";
  expect((await as("ada", "GET", flow)).body).toMatchObject({ flow_id: "short", registry_scope: "tenant_catalog" });
  expect((await as("ada", "GET", `${flow}/input_schema`)).body).toMatchObject({ tenant_id: "default" });
  const schedule = {
    bundle_id: "shared",
    flow_id: "short",
    registry_scope: "tenant_catalog",
    start_at: "1h",
    input_data: {},
  };
  expect((await as("ada", "POST", "/runs/schedule", schedule)).status).toBe(200);
});

test("another tenant does not see it, and asks for it in vain", async () => {
  expect((await as("zoe", "GET", "/workflow-catalog")).body).toMatchObject({ tenant_id: "elsewhere", items: [] });
  expect((await as("zoe", "GET", "/workflow-catalog?tenant_id=default")).status).toBe(403);
  expect((await as("zoe", "GET", "/workflow-catalog/shared")).status).toBe(404);
  expect((await start("zoe")).status).toBe(404);
});

test("the access list opens and closes it", async () => {
  const acl = "/admin/workflow-catalog/shared/versions/1.0.0/acl";
  const set = (body: object) => as("admin", "PUT", acl, body);
  expect((await as("ada", "PUT", acl, {})).status).toBe(403);
  expect((await set({ roles: ["user"], deny_users: ["bob"] })).status).toBe(200);
  expect([(await start("ada")).status, (await start("bob")).status]).toEqual([200, 403]);
  expect((await as("bob", "GET", "/workflow-catalog")).body.items).toEqual([]);
  expect((await as("bob", "GET", "/workflow-catalog/shared/versions/1.0.0/flows/short")).status).toBe(403);
  expect((await set({ roles: [], users: ["bob"] })).status).toBe(200);
  expect([(await start("ada")).status, (await start("bob")).status]).toEqual([403, 200]);
  expect((await set({ owner: "bob" })).status).toBe(422);
  expect((await set({})).body.record.acl.roles).toEqual(["user", "admin"]);
});

test("the default version is what runs when none is named", async () => {
  expect((await upload("2.0.0", { make_default: "false" })).body.record.is_default).toBe(false);
  const workflow = async (more: object = {}) => {
    const { body } = await start("ada", more);
    return (await as("ada", "GET", `/runs/${body.run_id}`)).body.workflow_id;
  };
  expect(await workflow()).toBe("shared@1.0.0:short");
  expect(await workflow({ bundle_version: "2.0.0" })).toBe("shared@2.0.0:short");
  expect((await as("admin", "POST", "/admin/workflow-catalog/shared/versions/2.0.0/default")).status).toBe(200);
  expect(await workflow()).toBe("shared@2.0.0:short");
});

test("what is deprecated, blocked or removed starts no more, and a version never changes", async () => {
  const version = "/admin/workflow-catalog/shared/versions/1.0.0";
  const starts = () => start("ada", { bundle_version: "1.0.0" });
  expect((await as("admin", "POST", `${version}/deprecate`, { reason: "old" })).body.record.status).toBe("deprecated");
  const refused = await starts();
  expect([refused.status, refused.body.detail]).toEqual([409, "'shared@1.0.0' of the catalog is deprecated: old"]);
  expect((await as("admin", "POST", `${version}/block`, {})).status).toBe(200);
  expect((await starts()).status).toBe(409);
  expect((await as("ada", "GET", "/workflow-catalog?include_inactive=true")).body.count).toBe(1);
  expect((await as("admin", "GET", "/workflow-catalog?include_inactive=true")).body.count).toBe(2);
  const removed = await as("admin", "DELETE", version);
  expect(removed.body).toMatchObject({ ok: true, deleted_bytes: false, record: { status: "tombstoned" } });
  expect((await upload("1.0.0")).status).toBe(409);
  expect((await as("admin", "POST", `${version}/block`, {})).status).toBe(409);
  const form = new FormData();
  form.set("file", new File([archive("shared", [{ ...short, id: "other" }], "2.0.0") as BlobPart], "x.flow"));
  expect((await as("admin", "POST", "/admin/workflow-catalog/upload", form)).status).toBe(409);
});

test("one's own bundle is promoted, and bad requests say what is wrong", async () => {
  const promote = (body: object) => as("admin", "POST", "/admin/workflow-catalog/promote", body);
  expect((await promote({ bundle_id: "hello", acl: { users: ["ada"], roles: [] } })).body.record).toMatchObject({
    bundle_id: "hello",
    acl: { users: ["ada"], roles: [], deny_users: [] },
  });
  expect((await promote({ bundle_id: "nothing" })).status).toBe(404);
  expect((await promote({ bundle_id: "hello", scope: "framework_catalog" })).status).toBe(501);
  expect((await promote({ bundle_id: "hello", scope: "planet" })).status).toBe(400);
  expect((await promote({ bundle_id: "hello", price: 5 })).status).toBe(422);
  expect((await as("ada", "POST", "/admin/workflow-catalog/promote", { bundle_id: "hello" })).status).toBe(403);
  expect((await start("ada", { registry_scope: "planet" })).status).toBe(400);
  expect((await start("ada", { registry_scope: "framework_catalog" })).status).toBe(501);
  expect((await start("ada", { bundle_id: "nothing" })).status).toBe(404);
  expect((await as("admin", "POST", "/admin/workflow-catalog/x/versions/1/default")).status).toBe(404);
});
