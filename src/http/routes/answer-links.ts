import { Elysia } from "elysia";
import { type AnswerClaim, type AnswerTokens } from "#auth/answer-tokens.ts";
import { linkHolder, principalKey } from "#auth/principal.ts";
import type { CommandOutcome } from "#core/command.ts";
import { AppError } from "#core/errors.ts";
import type { Run, Wait } from "#core/run.ts";
import { isoTime } from "#core/time.ts";
import { answerOf } from "#http/answer-form.ts";
import { formPage, messagePage } from "#http/answer-page.ts";
import { readBytes, readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { type RouteContext, ownRuntime, reply, runOrNotFound } from "#http/route-context.ts";
import { AnswerLink, NewAnswerLink } from "#http/schemas/answer-links.ts";
import type { Services, SharedServices } from "#http/services.ts";
import { bodyCheck, shownText } from "#http/validation.ts";
import { answererOf } from "#http/answered-by.ts";

const linkBody = bodyCheck(NewAnswerLink);
const maxFormBytes = 64 * 1024;
/** How long the page waits for what became of an answer. */
const outcomeMs = 3000;

/** A link that answers one wait from any browser, and the page behind it. */
export function answerLinkRoutes(context: RouteContext) {
  return new Elysia().use(linkRoute(context)).use(pageRoutes(context.services));
}

function linkRoute({ services: { links, now }, access }: RouteContext) {
  return new Elysia().post(
    "/api/gateway/runs/:run_id/waits/:wait_key/link",
    async ({ params, request, set }) => {
      const { value } = await readJsonBody(request, access.bodyLimitBytes(request), { floats: false });
      const { ttl_s: ttlS } = linkBody.check(value ?? {});
      const services = access.services(request);
      const run = await runOrNotFound(services, params.run_id);
      const wait = openWait(run);
      if (wait?.wait_key !== params.wait_key) {
        throw new AppError("conflict", `The run does not wait for an answer to '${shownText(params.wait_key)}'`);
      }
      const { tenant_id: tenantId, user_id: userId } = access.principal(request);
      const expiresMs = now() + ttlS * 1000;
      const runtimeId = services.ledger.scope.runtimeId === null ? null : ownRuntime(services.ledger);
      const claim = { runId: run.run_id, waitKey: params.wait_key, headSeq: run.head_seq };
      const token = links.tokens.make({ ...claim, tenantId, userId, runtimeId, expiresMs });
      const base = links.publicUrl ?? new URL(request.url).origin;
      const expires_at = isoTime(expiresMs);
      return reply(set, { url: `${base}/answer/${token}`, run_id: run.run_id, wait_key: params.wait_key, expires_at });
    },
    operation({
      id: "createAnswerLink",
      summary: "Make a link that answers one wait from any browser",
      description:
        "The page needs no sign-in and takes one answer, in the name of whoever made the link. It ends with the wait, and at its time. " +
        "409 when the run does not wait for a person under this key.",
      tag: "commands",
      path: { run_id: "Run that waits.", wait_key: "Key of its wait." },
      body: NewAnswerLink,
      response: AnswerLink,
      errors: [404, 409, 413],
    }),
  );
}

/** A wait that a person can answer: a question or a consent, not a pause. */
function openWait(run: Run): (Wait & { wait_key: string }) | null {
  const { wait } = run;
  const isOpen = run.status === "waiting" && wait?.reason === "user" && wait.details?.["kind"] !== "pause";
  return isOpen && wait.wait_key !== null ? { ...wait, wait_key: wait.wait_key } : null;
}

function pageRoutes(services: SharedServices) {
  const hidden = { parse: "none" as const, detail: { hide: true } };
  return new Elysia()
    .get("/answer/:token", async ({ params }) => (await opened(services, params.token)).page, hidden)
    .post("/answer/:token", async ({ params, request }) => take(services, params.token, request), hidden);
}

interface Opened {
  page: Response;
  open: { claim: AnswerClaim; services: Services; wait: Wait } | null;
}

/** What the link is good for now. Looking at it uses nothing up: mail programs and chats look at links before people do. */
async function opened(shared: SharedServices, token: string): Promise<Opened> {
  const closed = (status: number, text: string): Opened => ({ page: messagePage(status, text), open: null });
  const read = shared.links.tokens.read(token);
  if (!read) return closed(404, "This link is not valid.");
  const { claim, isExpired } = read;
  if (isExpired) return closed(410, "This link has expired.");
  if (!mayAnswer(shared, claim)) return closed(404, "This link is not valid.");
  const services = await shared.of(holderOf(claim));
  const run = await services.ledger.getRun(claim.runId);
  if (!run) return closed(410, "The run is gone.");
  const wait = openWait(run);
  if (wait?.wait_key === claim.waitKey && run.head_seq === claim.headSeq) {
    return { page: formPage(wait, 200, null), open: { claim, services, wait } };
  }
  const by = await answererOf(services.ledger, claim);
  return closed(410, by === null ? "The question is no longer open." : `Answered already, by ${by}.`);
}

function holderOf({ tenantId, userId, runtimeId }: AnswerClaim) {
  return linkHolder({ tenant_id: tenantId, user_id: userId }, { runtimeId });
}

/** A user who was disabled answers nothing any more, by links neither. */
function mayAnswer({ people }: SharedServices, { tenantId, userId }: AnswerClaim): boolean {
  return people?.users.get({ tenantId, userId })?.enabled ?? true;
}

async function take(shared: SharedServices, token: string, request: Request): Promise<Response> {
  const { page, open } = await opened(shared, token);
  if (!open) return page;
  const { claim, services, wait } = open;
  const form = await readForm(request);
  if (form === null) return messagePage(413, "The answer is too long.");
  const answer = answerOf(wait, form);
  if ("problem" in answer) return formPage(wait, 400, answer.problem);
  const outcome = await submit(shared, services, { token, claim, payload: answer.payload });
  if (outcome === null)
    return messagePage(202, "Your answer was taken, and is applied as soon as the gateway gets to it.");
  if (outcome.status === "applied") return messagePage(200, "Thank you. Your answer was taken.");
  const by = await answererOf(services.ledger, claim);
  return messagePage(409, by === null ? "The question is no longer open." : `Somebody was faster: answered by ${by}.`);
}

/** Null when it is too long. */
async function readForm(request: Request): Promise<URLSearchParams | null> {
  if (Number(request.headers.get("content-length") ?? 0) > maxFormBytes) return null;
  try {
    return new URLSearchParams(new TextDecoder().decode(await readBytes(request, maxFormBytes)));
  } catch (error) {
    if (error instanceof AppError && error.code === "too_large") return null;
    throw error;
  }
}

/** Null when no runner got to it in time. */
async function submit(
  { links, now }: { links: { tokens: AnswerTokens }; now: () => number },
  services: Services,
  { token, claim, payload }: { token: string; claim: AnswerClaim; payload: Record<string, string | boolean> },
): Promise<CommandOutcome | null> {
  const { runId, waitKey } = claim;
  const commandId = links.tokens.commandId(token);
  const principal = principalKey(holderOf(claim));
  const { promise: moved, resolve } = Promise.withResolvers<void>();
  const stop = services.ledger.watch(runId, resolve);
  const timer = setTimeout(resolve, outcomeMs);
  try {
    await services.submitCommand({
      command_id: commandId,
      run_id: runId,
      type: "resume",
      payload: { wait_key: waitKey, payload },
      ts: isoTime(now()),
      client_id: "answer-link",
      principal,
    });
    const early = (await services.ledger.getCommand(commandId, principal))?.outcome;
    if (early) return early;
    await moved;
    return (await services.ledger.getCommand(commandId, principal))?.outcome ?? null;
  } finally {
    clearTimeout(timer);
    stop();
  }
}
