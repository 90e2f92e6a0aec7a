/** A mail to be sent. */
export interface EmailDraft {
  to: string[];
  cc: string[];
  bcc: string[];
  subject: string;
  text: string | null;
  html: string | null;
  headers: Record<string, string>;
}

export interface EmailQuery {
  /** Folder; null: the account's. */
  mailbox: string | null;
  since: Date | null;
  status: "all" | "read" | "unread";
  limit: number;
}

export interface EmailSummary {
  uid: number;
  message_id: string;
  subject: string;
  from: string;
  to: string[];
  date: string | null;
  flags: string[];
  seen: boolean;
  size: number;
}

export interface EmailContent extends EmailSummary {
  body_text: string;
  attachments: { filename: string; content_type: string; size: number }[];
}

/** One mail account of the gateway. Its functions throw AppError with the server's words. */
export interface EmailAccess {
  name: string;
  from: string;
  canRead: boolean;
  canSend: boolean;
  /** Newest first. */
  list(query: EmailQuery): Promise<{ mailbox: string; messages: EmailSummary[] }>;
  /** Null when there is no such message. Reading leaves it unread. */
  read(uid: number, mailbox: string | null): Promise<EmailContent | null>;
  send(draft: EmailDraft): Promise<{ messageId: string; accepted: string[]; rejected: string[] }>;
}
