import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import type { VariableReader } from "#config/reader.ts";
import type { EmailAccountSettings, EmailSettings } from "#config/settings.ts";
import type { Variable } from "#config/variable.ts";
import { email } from "#config/variables/email.ts";

/** Null without an account. AppError `invalid_request` names what an account or the bridge lacks. */
export function emailSettings(
  read: VariableReader,
  { dataDir }: { dataDir: string },
): (EmailSettings & { serves: boolean }) | null {
  const serves = read.get(email.bridge);
  const account = accountSettings(read);
  const settings = {
    serves,
    timeoutMs: read.get(email.timeoutS) * 1000,
    pollMs: read.get(email.pollS) * 1000,
    allowedSenders: read.get(email.allowedSenders),
    requiresAuthentication: read.get(email.requiresAuthentication),
    authenticator: read.get(email.authenticator),
    notifyTo: read.get(email.notifyTo),
    eventName: read.get(email.eventName) ?? "email.message",
    bundleId: read.get(email.bundleId),
    flowId: read.get(email.flowId),
    provider: null,
    model: null,
    sessionPrefix: read.get(email.sessionPrefix) ?? "email:",
    maxHistoryMessages: 30,
    maxBodyChars: read.get(email.maxBodyChars),
    maxAttachments: read.get(email.maxAttachments),
    maxAttachmentBytes: read.get(email.maxAttachmentBytes),
    maxTotalBytes: read.get(email.maxTotalBytes),
    questionsMs: read.get(email.questionsS) * 1000,
    retryMs: { first: read.get(email.retryFirstS) * 1000, longest: read.get(email.retryLongestS) * 1000 },
    stateFile: join(dataDir, "email_bridge", "state.json"),
    gatewayToken: read.get(email.gatewayToken),
  };
  if (serves && (!account.imap || !account.smtp)) {
    throw new AppError(
      "invalid_request",
      "ABSTRACT_EMAIL_BRIDGE needs ABSTRACT_EMAIL_IMAP_HOST and ABSTRACT_EMAIL_SMTP_HOST",
    );
  }
  return account.imap || account.smtp ? { ...settings, account } : null;
}

function accountSettings(read: VariableReader): EmailAccountSettings {
  const user = read.get(email.imapUser);
  const host = read.get(email.imapHost);
  const password = passwordOf(read, email.imapPasswordVariable);
  const from = read.get(email.from) ?? user;
  const imap = {
    port: read.get(email.imapPort),
    isSecure: read.get(email.imapTls),
    folder: read.get(email.folder) ?? "INBOX",
  };
  const smtp = smtpSettings(read, user);
  if (host !== null && (user === null || password === null)) {
    throw new AppError(
      "invalid_request",
      "ABSTRACT_EMAIL_IMAP_HOST needs ABSTRACT_EMAIL_IMAP_USERNAME and a password in EMAIL_PASSWORD",
    );
  }
  if (smtp !== null && !from?.includes("@")) {
    throw new AppError("invalid_request", "ABSTRACT_EMAIL_SMTP_HOST needs ABSTRACT_EMAIL_FROM, an address");
  }
  return {
    name: read.get(email.account) ?? "default",
    from: from ?? "",
    replyTo: read.get(email.replyTo),
    imap: host === null || user === null || password === null ? null : { host, user, password, ...imap },
    smtp,
  };
}

function smtpSettings(read: VariableReader, imapUser: string | null): EmailAccountSettings["smtp"] {
  const host = read.get(email.smtpHost);
  const port = read.get(email.smtpPort);
  const user = read.get(email.smtpUser) ?? imapUser;
  const password = passwordOf(read, email.smtpPasswordVariable);
  const startTls = read.get(email.startTls);
  const isSecure = port === 465;
  // A server that asks for no password is one of this network.
  const login = password === null ? { user: null, password: null } : { user, password };
  return host === null ? null : { host, port, isSecure, startTls: startTls && !isSecure, ...login };
}

/** The variable that has a password may have any name. */
function passwordOf(read: VariableReader, variable: Variable<string | null>): string | null {
  const name = read.get(variable);
  return name === null ? read.get(email.password) : (read.find({ names: [name] })?.value ?? null);
}
