import { Elysia } from "elysia";
import type { EmailAccess } from "#core/email.ts";
import { AppError } from "#core/errors.ts";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import {
  EmailAccounts,
  EmailList,
  EmailListQuery,
  EmailMessage,
  EmailReadQuery,
  EmailSent,
  SendEmailRequest,
} from "#http/schemas/email.ts";
import { bodyCheck, shownText } from "#http/validation.ts";
import { addressesIn } from "#tools/send-email.ts";

const sendBody = bodyCheck(SendEmailRequest);
const base = "/api/gateway/email";

/** The gateway's mail, for administrators. */
export function emailRoutes(context: RouteContext) {
  return new Elysia().use(readRoutes(context)).use(sendRoute(context));
}

function readRoutes({ services: { email } }: RouteContext) {
  return new Elysia()
    .get(
      `${base}/accounts`,
      async ({ set }) => {
        const accounts = (await email()).map((each) => ({
          account: each.name,
          email: each.from,
          can_read: each.canRead,
          can_send: each.canSend,
        }));
        return reply(set, { ok: true, default_account: accounts[0]?.account ?? null, accounts });
      },
      operation({ id: "listEmailAccounts", summary: "List mail accounts", tag: "gateway", response: EmailAccounts }),
    )
    .get(
      `${base}/messages`,
      async ({ request, set }) => {
        const query = readQuery(request.url, EmailListQuery);
        const account = accountOf(await email(), query.account, "read");
        const since = sinceOf(query.since);
        const status = statusOf(query.status);
        const limit = query.limit;
        const { mailbox, messages } = await account.list({ mailbox: query.mailbox ?? null, since, status, limit });
        const read = messages.filter(({ seen }) => seen).length;
        return reply(set, {
          ok: true,
          account: account.name,
          mailbox,
          filter: { since: query.since ?? null, status, limit },
          counts: { returned: messages.length, unread: messages.length - read, read },
          messages,
        });
      },
      operation({
        id: "listEmails",
        summary: "List messages of a folder, newest first",
        tag: "gateway",
        query: EmailListQuery,
        response: EmailList,
        errors: [400, 404, 503],
      }),
    )
    .get(
      `${base}/messages/:uid`,
      async ({ params, request, set }) => {
        const query = readQuery(request.url, EmailReadQuery);
        const account = accountOf(await email(), query.account, "read");
        const uid = /^\d{1,10}$/.test(params.uid) ? Number(params.uid) : 0;
        if (uid < 1) throw new AppError("invalid_request", `uid must be a number, not '${shownText(params.uid)}'`);
        const message = await account.read(uid, query.mailbox ?? null);
        if (!message) throw new AppError("not_found", `Message ${uid} not found`);
        return reply(set, { ok: true, account: account.name, message });
      },
      operation({
        id: "readEmail",
        summary: "Read a message; it stays unread",
        tag: "gateway",
        path: { uid: "Number in the folder." },
        query: EmailReadQuery,
        response: EmailMessage,
        errors: [400, 404, 413, 503],
      }),
    );
}

function sendRoute({ services: { email }, access }: RouteContext) {
  return new Elysia().post(
    `${base}/send`,
    async ({ request, set }) => {
      const { value } = await readJsonBody(request, access.bodyLimitBytes(request), { floats: false });
      const body = sendBody.check(value);
      const account = accountOf(await email(), body.account ?? undefined, "send");
      const sent = await account.send(draftOf(body));
      const { messageId, accepted, rejected } = sent;
      return reply(set, { ok: true, account: account.name, message_id: messageId, accepted, rejected });
    },
    operation({
      id: "sendEmail",
      summary: "Send a mail",
      tag: "gateway",
      body: SendEmailRequest,
      response: EmailSent,
      errors: [400, 404, 413, 503],
    }),
  );
}

function accountOf(accounts: readonly EmailAccess[], name: string | undefined, use: "read" | "send"): EmailAccess {
  const account = name ? accounts.find((each) => each.name === name) : accounts[0];
  if (!account) {
    throw name
      ? new AppError("not_found", `Email account '${shownText(name)}' not found`)
      : new AppError(
          "not_found",
          "No email account is configured: set ABSTRACT_EMAIL_IMAP_HOST and ABSTRACT_EMAIL_SMTP_HOST",
        );
  }
  if (use === "read" ? account.canRead : account.canSend) return account;
  throw new AppError("invalid_request", `The email account '${account.name}' cannot ${use}: it has no server for that`);
}

function sinceOf(text: string | undefined): Date | null {
  if (text === undefined || text === "") return null;
  const date = new Date(text);
  if (Number.isNaN(date.getTime()))
    throw new AppError("invalid_request", `since must be a date, not '${shownText(text)}'`);
  return date;
}

function statusOf(text: string): "all" | "read" | "unread" {
  if (text === "all" || text === "read" || text === "unread") return text;
  throw new AppError("invalid_request", `status must be one of all, read, unread, not '${shownText(text)}'`);
}

function draftOf(body: SendEmailRequest) {
  const list = (value: string | string[] | null | undefined, field: string) =>
    addressesIn([value ?? []].flat().join(","), field);
  const to = list(body.to, "to");
  if (to.length === 0) throw new AppError("invalid_request", "to: an address is needed");
  const [text, html] = [body.body_text ?? null, body.body_html ?? null];
  if (!text && !html) throw new AppError("invalid_request", "body_text or body_html is required");
  if (/[\r\n]/.test(body.subject)) throw new AppError("invalid_request", "subject: it has one line");
  return {
    to,
    cc: list(body.cc, "cc"),
    bcc: list(body.bcc, "bcc"),
    subject: body.subject,
    text,
    html,
    headers: headersOf(body),
  };
}

/** Those that say who writes to whom have fields of their own. */
const reserved =
  /^(from|sender|to|cc|bcc|subject|date|message-id|return-path|dkim-signature|received|content-.*|mime-version)$/i;

function headersOf({ headers = {} }: SendEmailRequest): Record<string, string> {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[A-Za-z0-9-]{1,76}$/.test(name) || reserved.test(name) || /[\r\n]/.test(value)) {
      throw new AppError("invalid_request", `headers: '${shownText(name)}' cannot be set`);
    }
  }
  return headers;
}
