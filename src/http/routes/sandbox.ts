import { Elysia } from "elysia";
import { AppError } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import { attachArtifacts } from "#http/sandbox-media.ts";
import { SandboxReply, SandboxRequest } from "#http/schemas/config.ts";
import type { Services } from "#http/services.ts";
import { bodyCheck, shownText } from "#http/validation.ts";
import { unknownProvider } from "#models/unknown-provider.ts";
import type { Message } from "#models/provider.ts";

const sandboxBody = bodyCheck(SandboxRequest);
const textCapabilities = ["input.text", "output.text", "text", "chat"];

/** One question, to try a provider. */
export function sandboxRoutes({ access }: RouteContext) {
  const bodyOf = async (request: Request) =>
    (await readJsonBody(request, access.bodyLimitBytes(request), { floats: false })).value;
  return new Elysia().post(
    "/api/gateway/sandbox/generate",
    async ({ request, set }) =>
      reply(set, await tryModel(access.services(request), sandboxBody.check(await bodyOf(request)), request.signal)),
    operation({
      id: "tryModel",
      summary: "Ask a model one question, without a run",
      tag: "config",
      body: SandboxRequest,
      response: SandboxReply,
      errors: [400, 404, 413, 502, 503],
    }),
  );
}

async function tryModel(services: Services, body: SandboxRequest, signal: AbortSignal) {
  const { providers } = services;
  if (!textCapabilities.includes(body.capability)) {
    throw new AppError("invalid_request", `capability must be one of ${textCapabilities.join(", ")}`);
  }
  const provider = providers.get(body.provider.toLowerCase());
  if (!provider) throw new AppError("invalid_request", unknownProvider(providers, shownText(body.provider)));
  const messages: Message[] = [
    ...(body.system_prompt ? [{ role: "system" as const, content: body.system_prompt }] : []),
    ...(body.messages ?? []).map(({ role, content }) => ({
      role: role === "assistant" ? ("assistant" as const) : ("user" as const),
      content,
    })),
    { role: "user", content: body.prompt },
  ];
  const attachments = (body.attachments ?? []) as JsonObject[];
  const attached = await attachArtifacts(services, messages, { attachments, provider, model: body.model });
  const asked = {
    model: body.model,
    messages: attached.messages,
    ...(typeof body.temperature === "number" ? { temperature: body.temperature } : {}),
    ...(typeof body.max_tokens === "number" ? { maxOutputTokens: body.max_tokens } : {}),
  };
  const result = await provider.generate(asked, { signal });
  return {
    ok: true,
    capability: body.capability,
    provider: body.provider,
    routed_provider: provider.id,
    model: result.model,
    response: result.content,
    usage: result.usage,
    ...(attached.warnings.length > 0 ? { warnings: attached.warnings } : {}),
    provider_endpoint_profile: provider.id.startsWith("endpoint:") ? provider.id.slice("endpoint:".length) : null,
  };
}
