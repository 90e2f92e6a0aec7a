import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Gateway } from "#fixtures/gateway.ts";

/** One call of a recorded client, and what the reference answered. */
export interface Exchange {
  n: number;
  method: string;
  path: string;
  reqHeaders: Record<string, string>;
  status: number;
  sse: boolean;
  body?: any;
  response: any;
}

/** The calls of a recording of the shared contract, or null where it is not there. */
export function recordingOf(name: string): Exchange[] | null {
  const shared = process.env["SHARED_DIR"] ?? join(import.meta.dirname, "../../../shared");
  const path = resolve(shared, "contract/reference", name);
  if (!existsSync(path)) return null;
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Exchange);
}

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  body: any;
}

const api = "/api/gateway";

/** A client of a gateway with users: signs in as the recorded one did, and asks again what it asked. */
export class Replay {
  readonly gateway: Gateway;
  /** Recorded ids, and what they are here. */
  readonly ids = new Map<string, string>();
  #token: string;
  #session: Record<string, string> = {};

  private constructor(gateway: Gateway, token: string) {
    this.gateway = gateway;
    this.#token = token;
  }

  static async of(gateway: Gateway): Promise<Replay> {
    const token = (await readFile(join(gateway.dataDir, "auth/bootstrap-admin-token"), "utf8")).trim();
    return new Replay(gateway, token);
  }

  translated(text: string): string {
    let done = text;
    for (const [recorded, own] of this.ids) done = done.replaceAll(recorded, own);
    return done;
  }

  /** Whether everything that the call names is ours too. */
  knows({ path, body }: Exchange): boolean {
    const subject = path.endsWith("/commands")
      ? String(body.run_id)
      : path.endsWith("/start")
        ? ""
        : path + JSON.stringify(body ?? {});
    const runs = subject.match(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g) ?? [];
    const isSession = (id: string) => new RegExp(`(?:draft\\.|obs_|session-)[^/?]*${id}`).test(subject);
    return runs.every((id) => this.ids.has(id) || isSession(id));
  }

  /** The same call with our ids, cookies and tokens. */
  async ask(exchange: Exchange, { wrongToken = false } = {}): Promise<Reply> {
    const { method, path, reqHeaders, body } = exchange;
    const token = wrongToken ? "agw_wrong" : this.#token;
    const sent = body === undefined ? undefined : JSON.parse(this.translated(JSON.stringify(body)));
    if (sent?.token) sent.token = token;
    if (sent?.payload?.wait_key) sent.payload.wait_key = (await this.run(sent.run_id)).waiting?.wait_key;
    const headers = { ...reqHeaders };
    delete headers["x-abstractgateway-session"];
    delete headers["x-abstractgateway-csrf"];
    // The recording has no headers of preflights.
    if (method === "OPTIONS") {
      Object.assign(headers, {
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization",
      });
    }
    if (headers["authorization"]) headers["authorization"] = `Bearer ${token}`;
    if (reqHeaders["x-abstractgateway-session"]) {
      headers["x-abstractgateway-session"] = this.#session["abstractgateway_session"] ?? "";
    }
    if (reqHeaders["x-abstractgateway-csrf"]) {
      headers["x-abstractgateway-csrf"] = this.#session["abstractgateway_csrf"] ?? "";
    }
    const response = await fetch(this.gateway.url + this.translated(path), {
      method,
      headers,
      ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
      signal: AbortSignal.timeout(30_000),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      this.#session[name] = value;
    }
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parsed(text) };
  }

  async get(path: string): Promise<any> {
    const headers = { authorization: `Bearer ${this.#token}` };
    return (await fetch(`${this.gateway.url}${api}${path}`, { headers })).json();
  }

  async upload(name: string, archive: Uint8Array): Promise<void> {
    const body = new FormData();
    body.set("file", new File([archive as BlobPart], `${name}.flow`));
    const headers = { authorization: `Bearer ${this.#token}` };
    const { status } = await fetch(`${this.gateway.url}${api}/bundles/upload`, { method: "POST", headers, body });
    if (status !== 200) throw new Error(`${name} was answered with ${status}`);
  }

  run(runId: string): Promise<any> {
    return this.get(`/runs/${runId}`);
  }

  /** Polls a run until it stands as wanted. */
  async until(runId: string, holds: (run: any) => boolean): Promise<any> {
    for (const deadline = Date.now() + 20_000; ; await Bun.sleep(20)) {
      const run = await this.run(runId);
      if (holds(run)) return run;
      if (Date.now() > deadline) throw new Error(`run ${runId} stands at ${JSON.stringify(run).slice(0, 300)}`);
    }
  }
}

function parsed(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Paths of all fields with the kind of their values; items of lists are one path. */
function shapeOf(value: any, at = "", shape = new Map<string, string>()): Map<string, string> {
  if (Array.isArray(value)) {
    shape.set(at, "array");
    if (value.length > 0) shapeOf(value[0], `${at}[]`, shape);
  } else if (value !== null && typeof value === "object") {
    shape.set(at, "object");
    for (const [key, inner] of Object.entries(value)) {
      // Ids as keys are values.
      shapeOf(inner, at === "" ? nameless(key) : `${at}.${nameless(key)}`, shape);
    }
  } else shape.set(at, value === null ? "null" : typeof value);
  return shape;
}

const nameless = (key: string) => (/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(key) ? "<id>" : key);

/** Fields of the recorded reply that ours lacks, or has in another kind; `foreign` are those that only the reference has. */
export function missingFields(recorded: any, ours: any, foreign: readonly RegExp[]): string[] {
  const shape = shapeOf(ours);
  return [...shapeOf(recorded)]
    .filter(([path]) => !foreign.some((each) => each.test(path)))
    .filter(([path, kind]) => {
      const own = shape.get(path);
      // A list that is empty here has no items to compare, and an object without content no fields.
      if (own === undefined) return !hasEmptyParent(path, shape);
      return kind !== own && kind !== "null" && own !== "null";
    })
    .map(([path, kind]) => `${path}: ${kind}, here ${shape.get(path) ?? "nothing"}`);
}

function hasEmptyParent(path: string, shape: Map<string, string>): boolean {
  for (let at = path.lastIndexOf("[]"); at >= 0; at = path.lastIndexOf("[]", at - 1)) {
    const list = path.slice(0, at);
    if (shape.has(list) && !shape.has(`${list}[]`)) return true;
    if (at === 0) break;
  }
  const parts = path.split(".").slice(0, -1);
  return parts.some((_, index) => shape.get(parts.slice(0, index + 1).join(".")) === "null");
}

/** Named events of a recorded or received stream, with their data. */
export function eventsOf(text: string): { name: string; data: any }[] {
  return text.split("\n\n").flatMap((block) => {
    const name = /^event: (.*)$/m.exec(block)?.[1];
    const data = /^data: (.*)$/m.exec(block)?.[1];
    return name && data ? [{ name, data: JSON.parse(data) }] : [];
  });
}
