import type { Run } from "#core/run.ts";
import { AppError } from "#core/errors.ts";
import { canonicalJson } from "#core/json.ts";
import { isoTime } from "#core/time.ts";
import type { JsonObject } from "#core/value.ts";
import { ownRuntime } from "#http/route-context.ts";
import type { SaveChatThreadRequest } from "#http/schemas/run-talk.ts";
import type { Services } from "#http/services.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";

const schema = "abstract.chat.thread.v0";
const filename = "chat_thread.json";
const contentType = "application/json; charset=utf-8";

/** Keeps a conversation about a run as an artifact of it, with a note in its ledger. The same one a second time is there already. */
export async function saveChatThread(
  services: Services,
  run: Run,
  { body, actorId }: { body: SaveChatThreadRequest; actorId: string },
) {
  const { settings, ledger } = services;
  const messages = threadMessages(body.messages);
  const digest = canonicalJson({ run_id: run.run_id, messages });
  const threadId = Bun.SHA256.hash(digest, "hex").slice(0, 32);
  const known = await ledger.searchArtifacts({
    filter: { runId: run.run_id, tags: { kind: "chat_thread", thread_id: threadId } },
    orderBy: "created_at",
    descending: false,
    limit: 1,
    offset: 0,
  });
  const kept = known.items[0]?.row;
  if (kept) return replyOf(run, kept, { threadId, messages, isDuplicate: true });
  const createdAt = isoTime(services.now());
  const title = body.title?.trim() || null;
  const document = {
    schema,
    thread_id: threadId,
    run_id: run.run_id,
    workflow_id: run.workflow_id,
    session_id: run.session_id,
    created_at: createdAt,
    title,
    provider: body.provider ?? null,
    model: body.model ?? null,
    include_subruns: body.include_subruns,
    messages,
  };
  const bytes = new TextEncoder().encode(`${JSON.stringify(document, null, 2)}\n`);
  const { maxChatThreadBytes } = settings.limits;
  if (bytes.length > maxChatThreadBytes) {
    throw new AppError("too_large", `Chat thread too large (${bytes.length} bytes > ${maxChatThreadBytes} bytes)`);
  }
  const row = await keep(services, run, { bytes, tags: threadTags(run, { threadId, title }) });
  const reply = replyOf(run, row, { threadId, messages, isDuplicate: false });
  const { chat_artifact, message_count } = reply;
  const payload: JsonObject = { thread_id: threadId, created_at: row.created_at, title, message_count, chat_artifact };
  await services.annotateRun({
    runId: run.run_id,
    name: "abstract.chat.thread",
    payload,
    actor_id: actorId,
    artifacts: [row],
  });
  return reply;
}

/** What belongs to the conversation: who said what, and when, where the client says so. AppError `invalid_request` for nothing. */
function threadMessages(given: SaveChatThreadRequest["messages"]): JsonObject[] {
  const messages = given.map(
    ({ role, content, ts }) => ({ role, content, ...(ts === undefined ? {} : { ts }) }) as JsonObject,
  );
  if (messages.length === 0) throw new AppError("invalid_request", "messages must not be empty");
  return messages;
}

function threadTags(run: Run, { threadId, title }: { threadId: string; title: string | null }): Record<string, string> {
  return {
    kind: "chat_thread",
    schema,
    thread_id: threadId,
    filename,
    ...(title === null ? {} : { title: title.slice(0, 200) }),
    ...(run.session_id === null ? {} : { session_id: run.session_id }),
  };
}

async function keep(
  { artifacts, ledger, settings }: Services,
  run: Run,
  { bytes, tags }: { bytes: Uint8Array; tags: Record<string, string> },
): Promise<ArtifactRow> {
  const owner = { runtimeId: run.runtime_id || ownRuntime(ledger), runId: run.run_id };
  const source = (async function* () {
    yield bytes;
  })();
  const file = await artifacts.receive(source, { maxBytes: settings.limits.maxChatThreadBytes, owner });
  return artifacts.keep(file, { owner, contentType, tags });
}

function replyOf(
  run: Run,
  row: ArtifactRow,
  { threadId, messages, isDuplicate }: { threadId: string; messages: JsonObject[]; isDuplicate: boolean },
) {
  return {
    ok: true,
    run_id: run.run_id,
    workflow_id: run.workflow_id,
    thread_id: threadId,
    created_at: row.created_at,
    duplicate: isDuplicate,
    title: row.tags["title"] ?? null,
    message_count: messages.length,
    chat_artifact: {
      $artifact: row.artifact_id,
      content_type: row.content_type,
      filename,
      sha256: row.blob_id,
      size_bytes: row.size_bytes,
    },
  };
}
