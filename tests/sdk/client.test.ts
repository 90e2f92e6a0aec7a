import { describe, expect, test } from "bun:test";
import { createClient } from "#sdk/client.ts";
import { SdkError } from "#sdk/sdk-error.ts";
import { PyFloat } from "#core/value.ts";
import { startFakeGateway } from "#fixtures/fake-gateway.ts";

describe("createClient", () => {
  test("starts a run with an idempotency key and answers its id", async () => {
    await using gateway = startFakeGateway(() => Response.json({ run_id: "R" }));
    const client = createClient({ baseUrl: `${gateway.url}/`, token: "t", newId: () => "key-1" });
    expect(await client.start({ bundle_id: "hello", input_data: { name: "Ada" } })).toBe("R");
    const [request] = gateway.requests;
    expect(request).toMatchObject({ method: "POST", path: "/api/gateway/runs/start" });
    expect(request?.headers.get("idempotency-key")).toBe("key-1");
    expect(JSON.parse(request?.body ?? "")).toEqual({ bundle_id: "hello", input_data: { name: "Ada" } });
  });

  test("keeps an integral float a float, both ways", async () => {
    const text = '{"items":[{"result":{"x":5.0}}],"next_after":1}';
    await using gateway = startFakeGateway(() => new Response(text));
    const client = createClient({ baseUrl: gateway.url });
    const page = await client.ledgerPage("R");
    expect(page.items[0]?.result).toEqual({ x: new PyFloat(5) });
    await client.start({ input_data: { x: new PyFloat(5) } });
    expect(gateway.requests[1]?.body).toBe('{"input_data":{"x":5.0}}');
  });

  test("gives a command once more with the same id when the connection is lost", async () => {
    const sent: string[] = [];
    const lossy = async (_url: string, init: RequestInit) => {
      sent.push(String(init.body));
      if (sent.length === 1) throw new TypeError("socket closed");
      return Response.json({ accepted: false, duplicate: true, seq: 4 });
    };
    const client = createClient({ baseUrl: "http://gateway.test", fetch: lossy, clientId: "test" });
    const receipt = await client.command({ run_id: "R", type: "pause" });
    expect(sent).toHaveLength(2);
    expect(sent[0]).toBe(sent[1] as string);
    const body = JSON.parse(sent[0] ?? "{}");
    expect(body).toMatchObject({ run_id: "R", type: "pause", payload: {}, client_id: "test" });
    expect(body.command_id).toMatch(/^[0-9a-f]{32}$/);
    expect(receipt).toEqual({ command_id: body.command_id, accepted: false, duplicate: true, seq: 4 });
  });

  test("gives up after the second lost connection with one sentence", async () => {
    let calls = 0;
    const dead = async () => {
      calls++;
      throw new TypeError("refused");
    };
    const client = createClient({ baseUrl: "http://gateway.test/", fetch: dead });
    const error = await client.command({ run_id: "R", type: "pause" }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SdkError);
    expect(error).toMatchObject({
      code: "unavailable",
      status: null,
      message: "The gateway at http://gateway.test cannot be reached: refused",
    });
    expect(calls).toBe(2);
  });

  test.each([
    [404, { detail: "Run 'x' not found" }, "not_found", "Run 'x' not found"],
    [
      422,
      { detail: [{ loc: ["body", "limit"], msg: "must be at most 500" }] },
      "unprocessable",
      "limit: must be at most 500",
    ],
    [409, { detail: "" }, "conflict", "The gateway answered with status 409."],
    [418, { message: "teapot" }, "invalid_request", "teapot"],
    [500, null, "internal", "The gateway answered with status 500."],
  ] as const)("turns status %d into one sentence with a code", async (status, body, code, message) => {
    await using gateway = startFakeGateway(() => Response.json(body, { status }));
    const error = await createClient({ baseUrl: gateway.url })
      .get("x")
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "SdkError", status, code, message });
  });

  test("does not show a proxy's HTML page, and tells how long to wait", async () => {
    const page = () => new Response("<html>…</html>", { status: 429, headers: { "retry-after": "3" } });
    await using gateway = startFakeGateway(page);
    const error = await createClient({ baseUrl: gateway.url })
      .list()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ retryAfterS: 3, retryable: true, message: "The gateway answered with status 429." });
  });

  test("says so when an answer is not JSON", async () => {
    await using gateway = startFakeGateway(() => new Response("hello"));
    await expect(createClient({ baseUrl: gateway.url }).get("x")).rejects.toThrow("not JSON");
  });

  test("walks the ledger page by page to its end", async () => {
    const all = ["a", "b", "c"].map((node_id) => ({ node_id }));
    await using gateway = startFakeGateway((request) => {
      const after = Number(new URL(request.url).searchParams.get("after"));
      const items = all.slice(after, after + 2);
      return Response.json({ items, next_after: after + items.length });
    });
    const entries = await Array.fromAsync(createClient({ baseUrl: gateway.url }).ledger("R"));
    expect(entries.map(({ cursor, record }) => [cursor, record.node_id])).toEqual([
      [1, "a"],
      [2, "b"],
      [3, "c"],
    ]);
  });

  test("escapes ids in paths and leaves absent query fields out", async () => {
    await using gateway = startFakeGateway(() => Response.json({ items: [] }));
    const client = createClient({ baseUrl: gateway.url });
    await client.get("../x?y");
    await client.list({ limit: 5, root_only: true });
    expect(gateway.requests.map((request) => request.path)).toEqual([
      "/api/gateway/runs/..%2Fx%3Fy",
      "/api/gateway/runs?limit=5&root_only=true",
    ]);
  });

  test("waits until a command is applied, and not for ever", async () => {
    let calls = 0;
    const outcome = { status: "applied", message: "Paused." };
    await using gateway = startFakeGateway(() =>
      Response.json({ command_id: "c", outcome: ++calls < 3 ? null : outcome }),
    );
    const client = createClient({ baseUrl: gateway.url });
    expect((await client.outcome("c")).outcome).toEqual(outcome as never);
    expect(calls).toBe(3);
    expect(gateway.requests[0]?.path).toBe("/api/gateway/commands/c");
    calls = -1000;
    expect((await client.outcome("c", { timeoutMs: 1 })).outcome).toBeNull();
  });

  test("uploads a bundle and an attachment as forms", async () => {
    const forms: Record<string, unknown>[] = [];
    await using gateway = startFakeGateway(async (request) => {
      const form = await request.formData();
      const file = form.get("file") as File;
      forms.push({ ...Object.fromEntries(form), file: `${file.name}:${await file.text()}` });
      return Response.json({ ok: true });
    });
    const client = createClient({ baseUrl: gateway.url });
    await client.installBundle(new Blob(["zip"]), { overwrite: true, filename: "a.flow" });
    await client.upload("s1", new Blob(["text"]), "note.txt");
    expect(forms).toEqual([
      { overwrite: "true", reload: "true", file: "a.flow:zip" },
      { session_id: "s1", filename: "note.txt", file: "note.txt:text" },
    ]);
  });

  test("isHealthy knows a gateway from another server and from none", async () => {
    await using gateway = startFakeGateway(() => Response.json({ status: "healthy", service: "abstractgateway" }));
    await using other = startFakeGateway(() => Response.json({ status: "healthy" }));
    expect(await createClient({ baseUrl: gateway.url }).isHealthy()).toBe(true);
    expect(await createClient({ baseUrl: other.url }).isHealthy()).toBe(false);
    expect(await createClient({ baseUrl: "http://127.0.0.1:1" }).isHealthy()).toBe(false);
  });
});
