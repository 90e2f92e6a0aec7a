import { AppError } from "#core/errors.ts";
import { parseJson, parseObject } from "#core/json.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { runOrNotFound } from "#http/route-context.ts";
import type { Services } from "#http/services.ts";
import { shownText } from "#http/validation.ts";

const page = { limit: 500, maxBytes: 8 * 1024 * 1024 };

/** What a model was shown at a step, from the run's ledger. AppErrors: `not_found`, `invalid_request` for a step that asked no model. */
export async function stepPrompt(services: Services, runId: string, stepId: string) {
  const run = await runOrNotFound(services, runId);
  const found = await recordsOf(services, { runId, stepId, head: run.head_seq });
  const first = found[0];
  if (!first) throw new AppError("not_found", `Step '${shownText(stepId)}' of run '${shownText(runId)}' not found`);
  const effect = isObject(first.record["effect"]) ? first.record["effect"] : {};
  if (effect["type"] !== "llm_call") {
    const what = typeof effect["type"] === "string" ? `is ${effect["type"]}` : "has no effect";
    throw new AppError("invalid_request", `Step '${shownText(stepId)}' asked no model: it ${what}`);
  }
  const missing: string[] = [];
  const restored = await restore(effect["payload"] ?? {}, { services, runId, missing });
  const payload = isObject(restored) ? restored : {};
  const last = found.at(-1)?.record ?? first.record;
  const result = isObject(last["result"]) ? last["result"] : {};
  return {
    run_id: runId,
    step_id: stepId,
    node_id: first.record["node_id"],
    cursor: first.cursor,
    status: last["status"],
    provider: textIn(result, "provider") ?? textIn(payload, "provider"),
    model: textIn(result, "model") ?? textIn(payload, "model"),
    messages: messagesOf(payload),
    tools: listOf(payload["tools"]).flatMap((tool) => toolName(tool) ?? []),
    params: isObject(payload["params"]) ? payload["params"] : {},
    response_schema: isObject(payload["response_schema"]) ? payload["response_schema"] : null,
    attachments: listOf(payload["media"]).map(attachmentOf),
    missing,
  };
}

interface Found {
  cursor: number;
  record: JsonObject;
}

/** Records of the step: its first, and what became of it. */
async function recordsOf(
  { ledger }: Services,
  { runId, stepId, head }: { runId: string; stepId: string; head: number },
): Promise<Found[]> {
  const found: Found[] = [];
  for (let cursor = 0; cursor < head;) {
    const records = await ledger.readRecords(runId, cursor, page);
    if (records.length === 0) break;
    for (const { json } of records) {
      cursor++;
      // Most records are of other steps: they are not parsed.
      const record = json.includes(stepId) ? parseObject(json) : null;
      if (record?.["step_id"] === stepId) found.push({ cursor, record });
    }
    if (found.some(({ record }) => record["status"] === "completed" || record["status"] === "failed")) break;
  }
  return found;
}

interface Restoring {
  services: Services;
  runId: string;
  missing: string[];
}

/** Puts back what was too large for the ledger. References to files that were attached stay as they are. */
async function restore(value: Value, restoring: Restoring): Promise<Value> {
  if (Array.isArray(value)) return Promise.all(value.map((item) => restore(item, restoring)));
  if (!isObject(value)) return value;
  const entries = Object.entries(value);
  const id = value["$artifact"];
  if (typeof id === "string" && entries.length === 1) return (await offloaded(id, restoring)) ?? value;
  const restored: JsonObject = {};
  for (const [name, item] of entries) restored[name] = name === "media" ? item : await restore(item, restoring);
  return restored;
}

/** Null for what was not moved there from a ledger. */
async function offloaded(id: string, restoring: Restoring): Promise<Value> {
  const { services, runId, missing } = restoring;
  const row = await services.ledger.getArtifact(id);
  if (row && (row.run_id !== runId || row.tags["source"] !== "offload")) return null;
  const bytes = row && (await services.blobs.get(row.blob_id));
  if (!bytes) {
    missing.push(id);
    return null;
  }
  const text = new TextDecoder().decode(bytes);
  return row.content_type === "application/json" ? restore(parseJson(text), restoring) : text;
}

/** In the order in which a call's parts are read (contract flow-runtime 4.2). */
function messagesOf(payload: JsonObject): JsonObject[] {
  const system = textIn(payload, "system_prompt");
  const prompt = textIn(payload, "prompt") ?? textIn(payload, "text");
  const given = listOf(payload["messages"])
    .filter(isObject)
    .map((message) => ({ ...message, role: message["role"] ?? "user", content: message["content"] ?? "" }));
  const hasSystem = given.some(({ role, content }) => role === "system" && content === system);
  return [
    ...(system === null || hasSystem ? [] : [{ role: "system", content: system }]),
    ...given,
    ...(prompt === null ? [] : [{ role: "user", content: prompt }]),
  ];
}

function toolName(tool: Value): string | null {
  if (!isObject(tool)) return typeof tool === "string" ? tool : null;
  return textIn(tool, "name") ?? (isObject(tool["function"]) ? textIn(tool["function"], "name") : null);
}

function attachmentOf(item: Value) {
  if (typeof item === "string") {
    const isUrl = /^https?:/i.test(item);
    return { artifact_id: null, filename: item, content_type: null, source: isUrl ? "url" : "path" };
  }
  const given = isObject(item) ? item : {};
  const id = textIn(given, "$artifact") ?? textIn(given, "artifact_id");
  const path = textIn(given, "path") ?? textIn(given, "file_path");
  const url = textIn(given, "url");
  const source = id !== null ? "artifact" : path !== null ? "path" : url !== null ? "url" : "inline";
  return {
    artifact_id: id,
    filename: textIn(given, "filename") ?? textIn(given, "name") ?? path ?? url,
    content_type: textIn(given, "content_type") ?? textIn(given, "mime_type"),
    source,
  };
}

function textIn(object: JsonObject, name: string): string | null {
  const value = object[name];
  return typeof value === "string" && value !== "" ? value : null;
}

function listOf(value: Value | undefined): Value[] {
  return Array.isArray(value) ? value : [];
}
