import { type Static, Type as t } from "@sinclair/typebox";
import { count, flag, optionalText, text, textOrNull } from "#http/schemas/fields.ts";

export const EmailAccounts = t.Object(
  {
    ok: flag("Always true."),
    default_account: textOrNull("Account that is used when none is named."),
    accounts: t.Array(
      t.Object({
        account: text("Name."),
        email: text("Address that mail comes from."),
        can_read: flag("It has an IMAP server."),
        can_send: flag("It has an SMTP server."),
      }),
      { description: "Accounts of the gateway." },
    ),
  },
  { $id: "EmailAccounts", description: "Mail accounts." },
);

export const EmailListQuery = t.Object({
  account: t.Optional(text("Account; the default one when absent.")),
  mailbox: t.Optional(text("Folder; the account's when absent.")),
  since: t.Optional(text("Only mail that arrived on this day or later, an ISO date.")),
  status: t.String({ default: "all", description: "`all`, `read` or `unread`." }),
  limit: t.Integer({ minimum: 1, maximum: 200, default: 20, description: "Most messages to answer." }),
});

export const EmailReadQuery = t.Object({
  account: t.Optional(text("Account; the default one when absent.")),
  mailbox: t.Optional(text("Folder; the account's when absent.")),
});

const summary = {
  uid: count("Number in the folder."),
  message_id: text("Message-ID."),
  subject: text("Subject."),
  from: text("Sender; empty when there is none, or more than one."),
  to: t.Array(t.String(), { description: "Recipients." }),
  date: textOrNull("Date of the message."),
  flags: t.Array(t.String(), { description: "IMAP flags." }),
  seen: flag("Whether it was read."),
  size: count("Bytes."),
};

export const EmailList = t.Object(
  {
    ok: flag("Always true."),
    account: text("Account."),
    mailbox: text("Folder."),
    filter: t.Object({ since: textOrNull("As asked."), status: text("As asked."), limit: count("As asked.") }),
    counts: t.Object({ returned: count("Messages."), unread: count("Of them."), read: count("Of them.") }),
    messages: t.Array(t.Object(summary), { description: "Newest first." }),
  },
  { $id: "EmailList", description: "Messages of a folder." },
);

const EmailFile = t.Object({ filename: text("Name."), content_type: text("Type."), size: count("Bytes.") });

export const EmailMessage = t.Object(
  {
    ok: flag("Always true."),
    account: text("Account."),
    message: t.Object({
      ...summary,
      body_text: text("Text, without what it quotes."),
      attachments: t.Array(EmailFile, { description: "Files." }),
    }),
  },
  { $id: "EmailMessage", description: "One message." },
);

export const SendEmailRequest = t.Object(
  {
    account: optionalText("Account; the default one when absent."),
    to: t.Union([t.String(), t.Array(t.String())], { description: "Addresses." }),
    subject: t.String({ maxLength: 998, description: "Subject." }),
    body_text: optionalText("Text; this or `body_html` is needed."),
    body_html: optionalText("HTML."),
    cc: t.Optional(t.Union([t.String(), t.Array(t.String()), t.Null()], { description: "Copies." })),
    bcc: t.Optional(
      t.Union([t.String(), t.Array(t.String()), t.Null()], { description: "Copies that others do not see." }),
    ),
    headers: t.Optional(t.Record(t.String(), t.String(), { description: "Further headers." })),
  },
  { $id: "SendEmailRequest", description: "A mail." },
);
export type SendEmailRequest = Static<typeof SendEmailRequest>;

export const EmailSent = t.Object(
  {
    ok: flag("Always true."),
    account: text("Account."),
    message_id: text("Message-ID."),
    accepted: t.Array(t.String(), { description: "Addresses that the server took." }),
    rejected: t.Array(t.String(), { description: "Addresses that it refused." }),
  },
  { $id: "EmailSent", description: "What became of a mail." },
);
