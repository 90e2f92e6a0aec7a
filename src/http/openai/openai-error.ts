import { messageOf } from "#core/errors.ts";
import { RequestIssues, errorReply } from "#http/errors.ts";

/** What OpenAI's clients show to people. */
export function openAiError(error: unknown, status: number): object {
  const issue = error instanceof RequestIssues ? error.issues[0] : undefined;
  const message = issue
    ? `${issue.loc.slice(1).join(".")}: ${issue.msg}`
    : status === 500
      ? "Internal Server Error"
      : messageOf(error);
  const type = status < 500 ? "invalid_request_error" : "api_error";
  return { error: { message, type, param: null, code: status === 404 ? "model_not_found" : null } };
}

/** The whole reply to anything that a route threw. */
export function openAiErrorReply(error: unknown): Response {
  const { status, headers } = errorReply(error);
  return Response.json(openAiError(error, status), { status, headers });
}
