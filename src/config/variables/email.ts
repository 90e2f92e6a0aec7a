import { flag, list, number, text } from "#config/variable.ts";

const named = (name: string) => [`ABSTRACT_EMAIL_${name}`];
const mib = 1024 * 1024;

/** The email bridge, and the account that mail is sent from. */
export const email = {
  bridge: flag(named("BRIDGE"), { preset: false, meaning: "`serve` runs the email bridge" }),
  account: text([...named("ACCOUNT"), ...named("ACCOUNT_NAME")], { shown: "default", meaning: "Name of the account" }),
  from: text(named("FROM"), { shown: "the IMAP user", meaning: "Address that mail comes from" }),
  replyTo: text(named("REPLY_TO"), { meaning: "Address for answers, where it is another one" }),
  imapHost: text(named("IMAP_HOST"), { meaning: "Server that mail is read from" }),
  imapPort: number(named("IMAP_PORT"), { preset: 993, min: 1, max: 65_535, meaning: "Its port" }),
  imapTls: flag(named("IMAP_TLS"), {
    preset: true,
    meaning: "TLS from the first byte; off: STARTTLS where the server has it",
  }),
  imapUser: text(named("IMAP_USERNAME"), { meaning: "User there" }),
  imapPasswordVariable: text(named("IMAP_PASSWORD_ENV_VAR"), {
    shown: "EMAIL_PASSWORD",
    meaning: "Name of the variable that has the password",
  }),
  password: text(["EMAIL_PASSWORD"], { isSecret: true, meaning: "Password of the account" }),
  folder: text(named("IMAP_FOLDER"), { shown: "INBOX", meaning: "Folder that is read" }),
  smtpHost: text(named("SMTP_HOST"), { meaning: "Server that mail is sent through" }),
  smtpPort: number(named("SMTP_PORT"), {
    preset: 587,
    min: 1,
    max: 65_535,
    meaning: "Its port; 465: TLS from the first byte",
  }),
  smtpUser: text(named("SMTP_USERNAME"), { shown: "the IMAP user", meaning: "User there" }),
  smtpPasswordVariable: text(named("SMTP_PASSWORD_ENV_VAR"), {
    shown: "EMAIL_PASSWORD",
    meaning: "Name of the variable that has the password",
  }),
  startTls: flag(named("SMTP_STARTTLS"), { preset: true, meaning: "Mail is sent only after STARTTLS" }),
  timeoutS: number(named("IMAP_TIMEOUT_S"), {
    preset: 30,
    min: 1,
    max: 600,
    meaning: "How long a server may take to answer",
  }),
  pollS: number(named("POLL_SECONDS"), {
    preset: 60,
    min: 0.05,
    max: 86_400,
    whole: false,
    meaning: "How often the folder is looked at, beside what the server tells by itself",
  }),
  allowedSenders: list(named("ALLOWED_SENDERS"), { preset: [], meaning: "Who may write: addresses, or `@domain`" }),
  requiresAuthentication: flag(named("REQUIRE_AUTHENTICATION"), {
    preset: true,
    meaning: "A message counts only when the receiving server found by SPF, DKIM or DMARC that it is from its sender",
  }),
  authenticator: text(named("AUTHSERV_ID"), {
    shown: "the topmost header's",
    meaning: "Name of that server in `Authentication-Results`",
  }),
  notifyTo: text(named("NOTIFY_TO"), { meaning: "Address that is asked what runs ask that began elsewhere" }),
  eventName: text(named("EVENT_NAME"), { shown: "email.message", meaning: "Event of each message, in its session" }),
  bundleId: text(named("BUNDLE_ID"), {
    meaning: "Bundle that works on messages; it gets them as `prompt`. Without one they are events only",
  }),
  flowId: text(named("FLOW_ID"), { shown: "its default", meaning: "Flow of the bundle" }),
  sessionPrefix: text(named("SESSION_PREFIX"), { shown: "email:", meaning: "Begins the names of sessions" }),
  maxBodyChars: number(named("MAX_BODY_CHARS"), {
    preset: 20_000,
    min: 100,
    max: 1_000_000,
    meaning: "Characters of a message that are read",
  }),
  maxAttachments: number(named("MAX_ATTACHMENTS"), {
    preset: 20,
    min: 0,
    max: 1000,
    meaning: "Files of a message that go along",
  }),
  maxAttachmentBytes: number(named("MAX_ATTACHMENT_BYTES"), {
    preset: 5 * mib,
    min: 0,
    max: 2 ** 31,
    meaning: "Largest of them",
  }),
  maxTotalBytes: number(named("MAX_TOTAL_ATTACHMENT_BYTES"), {
    preset: 15 * mib,
    min: 0,
    max: 2 ** 31,
    meaning: "All of them together; a larger message is not read, and its sender is told",
  }),
  gatewayToken: text(named("GATEWAY_TOKEN"), {
    isSecret: true,
    shown: "the gateway's",
    meaning: "Token of the user whom the bridge acts for; needed with several users",
  }),
  questionsS: number(named("QUESTIONS_S"), {
    preset: 3,
    min: 0.05,
    max: 3600,
    whole: false,
    meaning: "How often open questions are looked for",
  }),
  retryFirstS: number(named("RETRY_FIRST_S"), {
    preset: 1,
    min: 0.01,
    max: 3600,
    whole: false,
    meaning: "First pause when a server is away",
  }),
  retryLongestS: number(named("RETRY_LONGEST_S"), {
    preset: 60,
    min: 0.01,
    max: 3600,
    whole: false,
    meaning: "Longest pause",
  }),
};
