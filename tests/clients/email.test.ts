import { describe, expect, test } from "bun:test";
import { authenticity } from "#clients/email/authenticity.ts";
import { readMail } from "#clients/email/received-mail.ts";
import { ownMessageId, questionMessageId, questionToken, threadOf } from "#clients/email/thread.ts";

describe("the receiving server's word on a sender of lab.example", () => {
  const mx = "mx.home.example";
  test.each([
    ["no header", [], null, "unknown"],
    ["DKIM of the domain", [`${mx}; dkim=pass header.d=lab.example`], mx, "pass"],
    [
      "DKIM of the domain above",
      [`${mx}; dkim=pass header.i=@example.org; dkim=pass header.d=lab.example`],
      mx,
      "pass",
    ],
    ["DKIM of somebody else", [`${mx}; dkim=pass header.d=bad.example`], mx, "fail"],
    ["DKIM of a domain that only ends alike", [`${mx}; dkim=pass header.d=evil-lab.example`], mx, "fail"],
    ["DKIM of a whole top-level domain", [`${mx}; dkim=pass header.d=example`], mx, "fail"],
    ["SPF of the envelope's sender", [`${mx}; spf=pass (ok) smtp.mailfrom=ada@lab.example`], mx, "pass"],
    ["SPF of another envelope", [`${mx}; spf=pass smtp.mailfrom=a@bad.example`], mx, "fail"],
    ["a pass in a comment", [`${mx}; dkim=none (dkim=pass header.d=lab.example)`], mx, "fail"],
    ["DMARC that failed beside a DKIM that passed", [`${mx}; dkim=pass header.d=lab.example; dmarc=fail`], mx, "fail"],
    ["another server's header", [`mx.bad.example; dkim=pass header.d=lab.example`], mx, "unknown"],
    [
      "one below the topmost, without a name to go by",
      [`${mx}; spf=fail`, `${mx}; dkim=pass header.d=lab.example`],
      null,
      "fail",
    ],
    ["nonsense", [";;;=;(((", ""], null, "unknown"],
  ] as const)("%s", (_name, headers, authenticator, expected) => {
    expect(authenticity(headers, "lab.example", authenticator)).toBe(expected);
  });
});

describe("the thread of a message", () => {
  const plain = { messageId: "<b@x>", inReplyTo: "<a@x>", references: [] };
  test("is that of the first message", () => {
    const first = threadOf({ messageId: "<a@x>", inReplyTo: null, references: [] });
    expect(threadOf(plain)).toBe(first);
    expect(threadOf({ messageId: "<c@x>", inReplyTo: "<b@x>", references: ["<a@x>", "<b@x>"] })).toBe(first);
  });

  test("is in our own ids, for programs that forget the references", () => {
    const thread = threadOf(plain);
    const sent = ownMessageId(thread, "say 0", "home.example");
    expect(threadOf({ messageId: "<d@x>", inReplyTo: sent, references: [] })).toBe(thread);
    expect(ownMessageId(thread, "say 0", "home.example")).toBe(sent);
    expect(ownMessageId(thread, "say 1", "home.example")).not.toBe(sent);
  });

  test("tells which question a reply answers, and that a reply to a later mail answers none", () => {
    const asked = questionMessageId("0123456789abcdef", "aaaaaaaaaaaa", "home.example");
    const said = ownMessageId("0123456789abcdef", "say 0", "home.example");
    expect(questionToken({ ...plain, inReplyTo: asked })).toBe("aaaaaaaaaaaa");
    expect(questionToken({ ...plain, inReplyTo: said, references: [asked, said] })).toBeNull();
    expect(questionToken(plain)).toBeNull();
  });
});

describe("a message", () => {
  const read = (...lines: string[]) => readMail(1, Buffer.from(lines.join("\r\n")));

  test("without what it quotes", async () => {
    const { text, from } = await read(
      "From: Ada <ADA@lab.example>",
      "",
      "Yes.",
      "",
      "On Monday, gateway wrote:",
      "> no?",
      "more",
    );
    expect([text, from]).toEqual(["Yes.", "ada@lab.example"]);
  });

  test.each([
    ["an auto-reply", "Auto-Submitted: auto-replied", true],
    ["one that says that it is none", "Auto-Submitted: no", false],
    ["a list", "List-Id: <x.example>", true],
    ["bulk", "Precedence: bulk", true],
    ["a bounce", "Return-Path: <>", true],
    ["a report", "Content-Type: multipart/report; boundary=x", true],
    ["one of a person", "X-Mailer: pine", false],
  ])("%s", async (_name, header, expected) => {
    expect((await read("From: a@b.example", header, "", "x")).isAutomatic).toBe(expected);
  });

  test("with two senders has none", async () => {
    expect((await read("From: a@b.example, c@d.example", "", "x")).from).toBe("");
    expect((await read("Subject: x", "", "x")).from).toBe("");
  });

  test("whose parts are broken is read as far as it goes", async () => {
    const broken = await read(
      'Content-Type: multipart/mixed; boundary="a"',
      "",
      "--a",
      'Content-Type: multipart/alternative; boundary="a"',
      "",
      "--a--",
      "--",
    );
    expect(broken.files).toBeArray();
    expect((await read("")).messageId).toMatch(/^<missing\./);
  });
});
