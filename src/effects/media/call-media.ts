import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";
import { type Attached, attach } from "#effects/media/attach.ts";
import { type MediaSources, readMedia } from "#effects/media/given-media.ts";
import { sessionIndex } from "#effects/media/session-index.ts";
import type { EffectContext } from "#effects/effect-handler.ts";
import type { Message, Provider } from "#models/provider.ts";

/** Bytes of text that attachments may add to one call (contract flow-runtime 4.2). */
const maxTextBytes = 120_000;
/** How long a provider is asked what its model takes, before it is simply sent. */
const modelListMs = 3000;

export interface MediaCall {
  payload: JsonObject;
  context: EffectContext;
  provider: Provider;
  model: string;
}

/** The messages with what was attached to them, or opened by a tool since the last call. AppErrors of `readMedia`. */
export async function addMedia(messages: Message[], call: MediaCall, sources: MediaSources): Promise<Attached> {
  const { payload, context } = call;
  const opened = pendingMedia(context.vars);
  const items = listOf(payload["media"]);
  if (items.length === 0 && opened.length === 0) {
    const index = await indexFor(call, sources);
    return { messages: index === null ? messages : withSystem(messages, index), warnings: [], media: [] };
  }
  const { run, vars, signal } = context;
  const asker = { run, vars, signal };
  const given = await readMedia(items, sources, asker);
  const shown = await readMedia(opened, sources, asker);
  const params = isObject(payload["params"]) ? payload["params"] : {};
  const options = {
    model: `${call.provider.id}/${call.model}`,
    accepts: await acceptedBy(call),
    maxTextBytes: numberOf(params["max_inline_attachment_bytes"]) ?? maxTextBytes,
  };
  const first = attach(messages, given, options);
  if (shown.length === 0) return first;
  // What a tool opened comes after the tool's answer: the user's last word may be long ago.
  const second = attach([...first.messages, { role: "user", content: "(opened by open_attachment)" }], shown, options);
  return {
    messages: second.messages,
    warnings: [...first.warnings, ...second.warnings],
    media: [...first.media, ...second.media],
  };
}

/** Queued by `open_attachment` for the next call of the run. */
export function pendingMedia(vars: JsonObject): Value[] {
  const runtime = isObject(vars["_runtime"]) ? vars["_runtime"] : {};
  return listOf(runtime["pending_media"]);
}

/** What the wire carries, without what the provider's own list says that the model does not take. */
async function acceptedBy({ provider, model, context }: MediaCall): Promise<readonly string[]> {
  if (provider.accepts.length === 0) return [];
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(modelListMs)]);
  const models = await provider.models(signal).catch(() => []);
  const inputs = models.find(({ id }) => id === model)?.inputs;
  if (!inputs) return provider.accepts;
  const kindOf = (pattern: string) => (pattern.startsWith("application/") ? "file" : (pattern.split("/")[0] ?? ""));
  return provider.accepts.filter((pattern) => inputs.includes(kindOf(pattern)));
}

/** A model that can open attachments is told which there are. */
async function indexFor({ payload, context }: MediaCall, { attachments }: MediaSources): Promise<string | null> {
  const params = isObject(payload["params"]) ? payload["params"] : {};
  const tools = listOf(payload["tools"]);
  const canOpen = tools.some((tool) => isObject(tool) && tool["name"] === "open_attachment");
  if (!canOpen && params["include_session_attachments_index"] !== true) return null;
  return sessionIndex(await attachments.list(context.run));
}

function withSystem(messages: Message[], content: string): Message[] {
  const at = messages.findIndex(({ role }) => role !== "system");
  return messages.toSpliced(Math.max(0, at), 0, { role: "system", content });
}

function listOf(value: Value | undefined): Value[] {
  return Array.isArray(value) ? value : [];
}
