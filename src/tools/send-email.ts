import type { EmailAccess } from "#core/email.ts";
import { AppError } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import type { Tool } from "#tools/tool.ts";

/** Mail from the gateway's own account. Asks first, and again after a crash in the middle: a mail cannot be taken back. */
export function sendEmailTool(account: EmailAccess): Tool {
  return {
    name: "send_email",
    description: `Sends an email from ${account.from}.`,
    toolset: "comms",
    parameters: {
      to: { type: "string", description: "Addresses, with commas" },
      subject: { type: "string", description: "Subject" },
      body_text: { type: "string", description: "Text" },
      cc: { type: "string", description: "Addresses for a copy", default: "" },
      bcc: { type: "string", description: "Addresses for a copy that others do not see", default: "" },
    },
    synonyms: { to: ["recipient", "recipients"], body_text: ["body", "text", "message"] },
    approval: "required",
    replay: "ask",
    timeoutMs: 60_000,
    async run(args) {
      const sent = await account.send({ ...draftOf(args), html: null, headers: {} });
      return { message_id: sent.messageId, accepted: sent.accepted, rejected: sent.rejected };
    },
  };
}

function draftOf(args: JsonObject) {
  const text = (name: string) => (typeof args[name] === "string" ? args[name] : "");
  const to = addressesIn(text("to"), "to");
  if (to.length === 0) throw new AppError("invalid_request", "to: an address is needed");
  const [cc, bcc] = [addressesIn(text("cc"), "cc"), addressesIn(text("bcc"), "bcc")];
  return { to, cc, bcc, subject: text("subject").replace(/[\r\n]+/g, " "), text: text("body_text") };
}

const maxAddresses = 50;

/** Addresses of a list with commas. AppError `invalid_request` names the field. */
export function addressesIn(list: string, field: string): string[] {
  const found = list
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
  const wrong = found.find((each) => !/^(?:[^<>\r\n]{0,200}<)?[^\s<>@,]{1,64}@[^\s<>@,]{1,255}>?$/.test(each));
  if (wrong !== undefined)
    throw new AppError("invalid_request", `${field}: '${wrong.slice(0, 100)}' is not an address`);
  if (found.length > maxAddresses) throw new AppError("invalid_request", `${field}: at most ${maxAddresses} addresses`);
  return found;
}
