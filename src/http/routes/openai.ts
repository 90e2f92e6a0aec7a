import { Elysia } from "elysia";
import { type Principal, principalKey } from "#auth/principal.ts";
import { hasScope } from "#auth/route-rules.ts";
import { AppError } from "#core/errors.ts";
import { readJsonBody } from "#http/body.ts";
import { errorReply } from "#http/errors.ts";
import { answerOfRun, startBundle } from "#http/openai/bundle-chat.ts";
import { type Answer, ChunkWriter, type ReplyHead, completion } from "#http/openai/chat-reply.ts";
import { toGenerateRequest } from "#http/openai/chat-request.ts";
import { openAiError, openAiErrorReply } from "#http/openai/openai-error.ts";
import { bundlePrefix, findModel, modelNames } from "#http/openai/model-names.ts";
import { operation } from "#http/operation.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import { OpenAiEmbeddings, OpenAiEmbeddingsRequest } from "#http/schemas/embeddings.ts";
import { ChatCompletion, ChatCompletionRequest, OpenAiModels } from "#http/schemas/openai.ts";
import type { Services } from "#http/services.ts";
import { textsOf } from "#http/texts-of.ts";
import { bodyCheck } from "#http/validation.ts";
import { embedTexts } from "#models/embed.ts";
import { isAccepted } from "#models/message-file.ts";
import type { GenerateRequest, Provider } from "#models/provider.ts";

const chatBody = bodyCheck(ChatCompletionRequest);
const embeddingsBody = bodyCheck(OpenAiEmbeddingsRequest);

export interface OpenAiContext extends RouteContext {
  /** The server must not cut a quiet stream. */
  keepOpen: (request: Request) => void;
}

/** The same models and bundles for clients that speak OpenAI's API. */
export function openAiRoutes(context: OpenAiContext) {
  const { access } = context;
  return new Elysia()
    .get(
      "/v1/models",
      async ({ request, set }) => {
        const names = await modelNames(access.services(request));
        const data = names.map(({ id, owner }) => ({ id, object: "model", created: 0, owned_by: owner }));
        return reply(set, { object: "list", data });
      },
      operation({
        id: "listOpenAiModels",
        summary: "Models and bundles by name",
        tag: "openai",
        response: OpenAiModels,
      }),
    )
    .post(
      "/v1/chat/completions",
      async ({ request, set }) => {
        try {
          const { value } = await readJsonBody(request, access.bodyLimitBytes(request), { floats: false });
          return await chat(context, chatBody.check(value), { request, set });
        } catch (error) {
          return openAiErrorReply(error);
        }
      },
      operation({
        id: "createChatCompletion",
        summary: "Answer a conversation",
        description: "With `stream` the answer comes as `chat.completion.chunk` events, `[DONE]` last.",
        tag: "openai",
        body: ChatCompletionRequest,
        response: ChatCompletion,
        errors: [400, 404, 413, 501, 503],
      }),
    )
    .post(
      "/v1/embeddings",
      async ({ request, set }) => {
        try {
          const { value } = await readJsonBody(request, access.bodyLimitBytes(request), { floats: false });
          return reply(set, await embeddings(access.services(request), embeddingsBody.check(value), request.signal));
        } catch (error) {
          return openAiErrorReply(error);
        }
      },
      operation({
        id: "createOpenAiEmbeddings",
        summary: "Turn texts into vectors",
        tag: "openai",
        body: OpenAiEmbeddingsRequest,
        response: OpenAiEmbeddings,
        errors: [400, 404, 413, 501, 503],
      }),
    );
}

async function embeddings(services: Services, body: OpenAiEmbeddingsRequest, signal: AbortSignal) {
  if (typeof body.dimensions === "number") {
    throw new AppError("invalid_request", "dimensions is not supported: vectors are as long as the model makes them");
  }
  const format = body.encoding_format ?? "float";
  if (format !== "float" && format !== "base64") {
    throw new AppError("invalid_request", "encoding_format must be float or base64");
  }
  const { provider, model } = await findModel(services, body.model);
  const asked = { texts: textsOf(body.input), provider: provider.id, model };
  const { vectors, inputTokens } = await embedTexts(services.providers, asked, signal);
  const written = format === "base64" ? vectors.map(toBase64) : vectors;
  const tokens = inputTokens ?? 0;
  return {
    object: "list",
    model: body.model,
    data: written.map((embedding, index) => ({ object: "embedding", index, embedding })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

/** 32-bit floats, little-endian, as OpenAI's own client asks for them. */
function toBase64(vector: number[]): string {
  return Buffer.from(new Float32Array(vector).buffer).toString("base64");
}

interface Exchange {
  request: Request;
  set: Parameters<typeof reply>[0];
}

/** Asks the model or the bundle; `onText` gets the words as they come. */
type Ask = (signal: AbortSignal, onText: (text: string) => void) => Promise<Answer>;

async function chat(context: OpenAiContext, body: ChatCompletionRequest, { request, set }: Exchange) {
  const { access } = context;
  const services = access.services(request);
  if (body.messages.length === 0) throw new AppError("invalid_request", "messages is empty");
  const createdS = Math.floor(services.now() / 1000);
  let id = `chatcmpl-${services.newId().replaceAll("-", "")}`;
  let ask: Ask;
  if (body.model.startsWith(bundlePrefix)) {
    requireScope(access.principal(request), "runs:write");
    const runId = await startBundle(services, body, {
      principal: principalKey(access.principal(request)),
      caller: access.principal(request),
      traceparent: request.headers.get("traceparent"),
    });
    id = runId;
    ask = (signal) => answerOfRun(services, runId, signal);
  } else {
    const { provider, model } = await findModel(services, body.model);
    const asked = toGenerateRequest(body, model);
    assertPictures(asked, provider);
    ask = (signal, onText) => provider.generate(asked, { signal, onDelta: onText });
  }
  const head = { id, model: body.model, createdS };
  if (body.stream !== true) return reply(set, completion(head, await ask(request.signal, () => undefined)));
  context.keepOpen(request);
  const isUsageAsked =
    body.stream_options !== undefined &&
    "include_usage" in body.stream_options &&
    body.stream_options.include_usage === true;
  return streamed(ask, { head, isUsageAsked, release: access.keepSlot(request) });
}

function assertPictures({ messages }: GenerateRequest, { accepts, id }: Provider): void {
  const types = messages.flatMap(({ files = [] }) => files.map(({ contentType }) => contentType));
  const refused = types.find((type) => !isAccepted(type, accepts));
  if (refused) throw new AppError("invalid_request", `Models of ${id} take no ${refused}`);
}

/** The model's name decides that this starts a run, so the rules of paths cannot know. */
function requireScope({ grants }: Principal, scope: string): void {
  if (grants === null || hasScope(grants, scope)) return;
  const fields = { reason_code: "scope_required", required_scope: scope };
  throw new AppError("forbidden", `The token lacks the scope '${scope}'`, { fields });
}

interface Streaming {
  head: ReplyHead;
  isUsageAsked: boolean;
  release: () => void;
}

function streamed(ask: Ask, { head, isUsageAsked, release }: Streaming): Response {
  const encoder = new TextEncoder();
  const controller = new AbortController();
  const writer = new ChunkWriter(head, isUsageAsked);
  const body = new ReadableStream<Uint8Array>({
    async start(stream) {
      const write = (text: string) => {
        if (!controller.signal.aborted) stream.enqueue(encoder.encode(text));
      };
      write(writer.first());
      try {
        let said = "";
        const answer = await ask(controller.signal, (text) => {
          said += text;
          write(writer.text(text));
        });
        // A bundle, and a provider that does not stream, say everything at the end.
        if (said === "" && answer.content !== "") write(writer.text(answer.content));
        write(writer.end(answer));
      } catch (error) {
        write(writer.error(openAiError(error, errorReply(error).status)));
      } finally {
        release();
        if (!controller.signal.aborted) stream.close();
      }
    },
    cancel: () => controller.abort(),
  });
  return new Response(body, { headers: { "content-type": "text/event-stream", "cache-control": "no-cache" } });
}
