import type { ImapFlow } from "imapflow";
import type { Transporter } from "nodemailer";
import { AppError, messageOf } from "#core/errors.ts";
import type { Log } from "#core/log.ts";
import { type Patience, Server, type Verdict } from "#clients/bridge/persist.ts";
import type { EmailAccount } from "#clients/email/options.ts";

/** Connects to the account's IMAP server. AppError `unavailable` with the server's words. */
export async function openImap({ name, imap }: EmailAccount, timeoutMs: number): Promise<ImapFlow> {
  if (!imap) throw new AppError("invalid_request", `The email account '${name}' has no IMAP server`);
  const { ImapFlow } = await import("imapflow");
  const client = new ImapFlow({
    host: imap.host,
    port: imap.port,
    secure: imap.isSecure,
    auth: { user: imap.user, pass: imap.password },
    logger: false,
    socketTimeout: 5 * 60_000,
    greetingTimeout: timeoutMs,
    connectionTimeout: timeoutMs,
    maxIdleTime: 4 * 60_000,
  });
  // An error of the connection also rejects what waits for it.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (cause) {
    const isRefused = (cause as { authenticationFailed?: boolean }).authenticationFailed === true;
    const reason = isRefused
      ? "it does not accept the user or the password"
      : `it cannot be reached (${messageOf(cause)})`;
    throw new AppError("unavailable", reason, { cause, retryable: true });
  }
  return client;
}

export async function openSmtp({ name, smtp }: EmailAccount, timeoutMs: number): Promise<Transporter> {
  if (!smtp) throw new AppError("invalid_request", `The email account '${name}' has no SMTP server`);
  const { createTransport } = await import("nodemailer");
  return createTransport({
    host: smtp.host,
    port: smtp.port,
    secure: smtp.isSecure,
    requireTLS: smtp.startTls,
    ignoreTLS: !smtp.startTls && !smtp.isSecure,
    ...(smtp.user === null ? {} : { auth: { user: smtp.user, pass: smtp.password ?? "" } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

export function smtpServer(log: Log, patience: Patience): Server {
  return new Server({ name: "The SMTP server", log, patience, judge: judgeSmtp });
}

export function imapServer(log: Log, patience: Patience): Server {
  return new Server({ name: "The IMAP server", log, patience, judge: judgeImap });
}

/** What a server refuses with a code of the fives stays refused, but for a password that somebody may set right. */
function judgeSmtp(error: unknown): Verdict {
  if (error instanceof AppError) return { again: error.retryable };
  const { responseCode: code, code: kind } = error as { responseCode?: number; code?: string };
  if (kind === "EAUTH") return { again: true, reason: "it does not accept the user or the password" };
  if (code !== undefined && code >= 500) return { again: false };
  return {
    again: true,
    reason: code === undefined ? `it cannot be reached (${kind ?? messageOf(error)})` : messageOf(error),
  };
}

function judgeImap(error: unknown): Verdict {
  if (error instanceof AppError) return { again: error.retryable };
  return { again: true, reason: `the connection was lost (${messageOf(error)})` };
}
