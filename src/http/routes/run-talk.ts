import { Elysia } from "elysia";
import { AppError } from "#core/errors.ts";
import { isoTime } from "#core/time.ts";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { type RouteContext, reply, runOrNotFound } from "#http/route-context.ts";
import { askAboutRun } from "#http/run-talk/ask-model.ts";
import { saveChatThread } from "#http/run-talk/chat-thread.ts";
import {
  RunChatReply,
  RunChatRequest,
  RunSummaryText,
  SaveChatThreadRequest,
  SavedChatThread,
  SummarizeRunRequest,
} from "#http/schemas/run-talk.ts";
import type { Services } from "#http/services.ts";
import { bodyCheck } from "#http/validation.ts";
import type { Message } from "#models/provider.ts";

const summaryBody = bodyCheck(SummarizeRunRequest);
const chatBody = bodyCheck(RunChatRequest);
const threadBody = bodyCheck(SaveChatThreadRequest);
const path = { run_id: "Id of the run." };
const errors = [400, 404, 413];

export interface RunTalkContext extends RouteContext {
  /** The server must not cut a request on which a slow model is still thinking. */
  keepOpen: (request: Request) => void;
}

/** What a model has to say about a run, and conversations about it (contract 1.7). */
export function runTalkRoutes({ access, keepOpen }: RunTalkContext) {
  const bodyOf = async (request: Request) =>
    (await readJsonBody(request, access.bodyLimitBytes(request), { floats: false })).value;
  const askerOf = (request: Request) => access.principal(request).user_id;
  return new Elysia()
    .post(
      "/api/gateway/runs/:run_id/summary",
      async ({ params, request, set }) => {
        const body = summaryBody.check((await bodyOf(request)) ?? {});
        keepOpen(request);
        const asked = { runId: params.run_id, body, askerId: askerOf(request), signal: request.signal };
        return reply(set, await summarize(access.services(request), asked));
      },
      operation({
        id: "summarizeRun",
        summary: "Let a model say what happened in a run",
        tag: "runs",
        path,
        body: SummarizeRunRequest,
        response: RunSummaryText,
        errors,
      }),
    )
    .post(
      "/api/gateway/runs/:run_id/chat",
      async ({ params, request, set }) => {
        const body = chatBody.check(await bodyOf(request));
        keepOpen(request);
        const asked = { runId: params.run_id, body, askerId: askerOf(request), signal: request.signal };
        return reply(set, await chat(access.services(request), asked));
      },
      operation({
        id: "chatAboutRun",
        summary: "Ask a model about a run",
        tag: "runs",
        path,
        body: RunChatRequest,
        response: RunChatReply,
        errors,
      }),
    )
    .post(
      "/api/gateway/runs/:run_id/chat_threads",
      async ({ params, request, set }) => {
        const body = threadBody.check(await bodyOf(request));
        const services = access.services(request);
        const run = await runOrNotFound(services, params.run_id);
        return reply(set, await saveChatThread(services, run, { body, actorId: askerOf(request) }));
      },
      operation({
        id: "saveChatThread",
        summary: "Keep a conversation about a run",
        tag: "runs",
        path,
        body: SaveChatThreadRequest,
        response: SavedChatThread,
        errors,
      }),
    );
}

interface Asked<Body> {
  runId: string;
  body: Body;
  askerId: string;
  signal: AbortSignal;
}

const summaryInstruction =
  "You summarise one run of a workflow for the person who started it: what it was asked to do, what it did, what came out, and what is " +
  "open or went wrong. Keep to what was recorded, in plain sentences, at most 200 words.";

async function summarize(services: Services, { runId, body, askerId, signal }: Asked<SummarizeRunRequest>) {
  const run = await runOrNotFound(services, runId);
  const said = await askAboutRun(services, {
    run,
    provider: body.provider ?? null,
    model: body.model ?? null,
    includeSubruns: body.include_subruns,
    instruction: summaryInstruction,
    messages: [{ role: "user", content: "Summarise this run." }],
    purpose: "Run summaries",
    signal,
  });
  const { provider, model, text: summary } = said;
  const generated = { generated_at: isoTime(services.now()), provider, model };
  const payload = { ...generated, summary, include_subruns: body.include_subruns, source: "gateway" };
  await services.annotateRun({ runId, name: "abstract.summary", payload, actor_id: askerId });
  return { ok: true, run_id: runId, provider, model, generated_at: generated.generated_at, summary };
}

const chatInstruction =
  "You answer questions about one run of a workflow, from what was recorded of it. Say so when the records do not tell.";

async function chat(services: Services, { runId, body, askerId, signal }: Asked<RunChatRequest>) {
  const run = await runOrNotFound(services, runId);
  const messages = spoken(body.messages);
  const question = messages.findLast(({ role }) => role === "user")?.content;
  if (question === undefined) throw new AppError("invalid_request", "messages must have a message of the role user");
  const said = await askAboutRun(services, {
    run,
    provider: body.provider ?? null,
    model: body.model ?? null,
    includeSubruns: body.include_subruns,
    instruction: chatInstruction,
    messages,
    purpose: "Run chats",
    signal,
  });
  const { provider, model, text: answer } = said;
  const generated_at = isoTime(services.now());
  if (body.persist) {
    const payload = { generated_at, provider, model, question, answer, source: "gateway" };
    await services.annotateRun({ runId, name: "abstract.chat", payload, actor_id: askerId });
  }
  return { ok: true, run_id: runId, provider, model, generated_at, answer };
}

/** Empty messages say nothing; roles that models do not know are the user's. */
function spoken(given: RunChatRequest["messages"]): Message[] {
  return given
    .filter(({ content }) => content.trim() !== "")
    .map(({ role, content }) => ({ role: role === "assistant" || role === "system" ? role : "user", content }));
}
