import { AppError } from "#core/errors.ts";
import type { Run } from "#core/run.ts";
import { defaultRuntime } from "#core/scope.ts";
import type { Access } from "#http/access.ts";
import { type Issue, RequestIssues } from "#http/errors.ts";
import type { Services, SharedServices } from "#http/services.ts";
import type { ScopedLedger } from "#ledger/scoped-ledger.ts";
import { shown, shownText } from "#http/validation.ts";

/** What every group of routes is built from. What belongs to a caller comes from `access.services(request)`. */
export interface RouteContext {
  services: SharedServices;
  access: Access;
}

/** The part of Elysia's `set` that replies use. */
export interface ReplySettings {
  headers: Record<string, string | number | undefined>;
}

/** A JSON reply from a value. */
export function reply(set: ReplySettings, value: unknown): string {
  return replyText(set, JSON.stringify(value));
}

/** A reply with a secret in it, which nobody on the way may keep. */
export function secretReply(set: ReplySettings, value: unknown): string {
  set.headers["cache-control"] = "no-store";
  return reply(set, value);
}

/** A JSON reply from a text that is JSON already. */
export function replyText(set: ReplySettings, text: string): string {
  set.headers["content-type"] = "application/json";
  return text;
}

export async function runOrNotFound(services: Services, runId: string): Promise<Run> {
  const run = await services.ledger.getRun(runId);
  if (!run) throw runNotFound(runId);
  return run;
}

/** The runtime that new rows of a caller belong to. */
export function ownRuntime({ scope }: ScopedLedger): string {
  return scope.runtimeId ?? defaultRuntime;
}

export function runNotFound(runId: string): AppError {
  return new AppError("not_found", `Run '${shownText(runId)}' not found`);
}

const maxNameChars = 512;

/** A name that goes into the store as a key: short, and text that every store keeps as it is. */
export function assertName(value: string | null | undefined, loc: Issue["loc"]): void {
  if (value === null || value === undefined) return;
  const issue = { loc, input: shown(value) };
  if (value.length > maxNameChars) {
    const msg = `String should have at most ${maxNameChars} characters`;
    throw new RequestIssues([{ ...issue, type: "string_too_long", msg, ctx: { max_length: maxNameChars } }]);
  }
  if (value.includes("\u0000") || !value.isWellFormed()) {
    const msg = "String should be valid Unicode without NUL";
    throw new RequestIssues([{ ...issue, type: "string_unicode", msg, input: null }]);
  }
}
