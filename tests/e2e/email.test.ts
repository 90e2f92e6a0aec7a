import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { type ImapServer, imapUser, startImapServer } from "#fixtures/imap-server.ts";
import { type MailSink, startMailSink } from "#fixtures/smtp-server.ts";
import { type OpenAiServer, type Reply, startOpenAiServer } from "#fixtures/openai-server.ts";

const me = imapUser.user;
const ada = "ada@lab.example";
let imap: ImapServer;
let smtp: MailSink;
let models: OpenAiServer;
let gateway: Gateway;
let dataDir: string;

const start = () =>
  startGateway({
    dataDir,
    env: {
      OPENAI_BASE_URL: `${models.url}/v1`,
      OPENAI_API_KEY: "test",
      ABSTRACTGATEWAY_PROBE_SERVERS: "0",
      ABSTRACTGATEWAY_DEFAULT_PROVIDER: "openai-compatible",
      ABSTRACTGATEWAY_DEFAULT_MODEL: "test-model",
      ABSTRACT_EMAIL_BRIDGE: "1",
      ABSTRACT_ENABLE_EMAIL_TOOLS: "1",
      ABSTRACT_EMAIL_BUNDLE_ID: "agent",
      ABSTRACT_EMAIL_IMAP_HOST: "127.0.0.1",
      ABSTRACT_EMAIL_IMAP_PORT: String(imap.port),
      ABSTRACT_EMAIL_IMAP_TLS: "0",
      ABSTRACT_EMAIL_IMAP_USERNAME: imapUser.user,
      ABSTRACT_EMAIL_IMAP_PASSWORD_ENV_VAR: "MY_MAIL_SECRET",
      MY_MAIL_SECRET: imapUser.password,
      ABSTRACT_EMAIL_SMTP_HOST: "127.0.0.1",
      ABSTRACT_EMAIL_SMTP_PORT: String(smtp.port),
      ABSTRACT_EMAIL_SMTP_STARTTLS: "0",
      ABSTRACT_EMAIL_ALLOWED_SENDERS: ada,
      ABSTRACT_EMAIL_AUTHSERV_ID: "mx.home.example",
      ABSTRACT_EMAIL_QUESTIONS_S: "0.1",
      ABSTRACT_EMAIL_RETRY_FIRST_S: "0.02",
      ABSTRACT_EMAIL_RETRY_LONGEST_S: "0.1",
    },
  });

beforeEach(async () => {
  imap = startImapServer();
  smtp = await startMailSink();
  models = await startOpenAiServer();
  dataDir = await mkdtemp(join(tmpdir(), "gateway-email-"));
  gateway = await start();
  await reading();
});
afterEach(async () => {
  await gateway.close();
  imap.close();
  await smtp.close();
  await models.close();
});

/** The bridge has a folder open, and hears of what comes. */
async function reading(): Promise<void> {
  const deadline = Date.now() + 8000;
  while (imap.idling === 0) {
    if (Date.now() > deadline) throw new Error(`nobody reads the folder: ${gateway.output}`);
    await Bun.sleep(10);
  }
}

const checked = `Authentication-Results: mx.home.example; spf=pass smtp.mailfrom=${ada}; dkim=pass header.d=lab.example`;
let count = 0;

interface Written {
  headers?: string[];
  subject?: string;
  text?: string;
  from?: string;
  id?: string;
  file?: { name: string; text: string };
}

function mail({ headers = [checked], subject = "A question", text = "hello", from = ada, id, file }: Written): string {
  const messageId = id ?? `<m${++count}@lab.example>`;
  const head = [
    ...headers,
    `From: Ada <${from}>`,
    `To: ${me}`,
    `Subject: ${subject}`,
    `Message-ID: ${messageId}`,
    "MIME-Version: 1.0",
  ];
  if (!file) return [...head, "Content-Type: text/plain; charset=utf-8", "", text, ""].join("\r\n");
  const parts = [
    ["Content-Type: text/plain", "", text],
    [
      `Content-Type: text/plain; name="${file.name}"`,
      `Content-Disposition: attachment; filename="${file.name}"`,
      "",
      file.text,
    ],
  ];
  return [
    ...head,
    'Content-Type: multipart/mixed; boundary="b1"',
    "",
    ...parts.flatMap((part) => ["--b1", ...part]),
    "--b1--",
    "",
  ].join("\r\n");
}

const replyTo = (sent: { messageId?: string | undefined }) => [
  checked,
  `In-Reply-To: ${sent.messageId}`,
  `References: ${sent.messageId}`,
];
const says = (text: string, times = 1) =>
  smtp.until((mails) => mails.filter((each) => each.text?.includes(text)).length >= times, `that says '${text}'`);
const sent = (text: string) => {
  const found = smtp.mails.findLast((each) => each.text?.includes(text));
  if (!found) throw new Error(`no mail says '${text}'`);
  return found;
};
const asked = () => models.requests.filter(({ path }) => path.endsWith("/chat/completions")).map(({ body }) => body);
const warnings = (text: string) => gateway.output.split("\n").filter((line) => line.includes(text));
async function warned(text: string): Promise<void> {
  const deadline = Date.now() + 8000;
  while (warnings(text).length === 0) {
    if (Date.now() > deadline) throw new Error(`nobody said '${text}': ${gateway.output}`);
    await Bun.sleep(10);
  }
}
const call = (name: string, args: object): Reply => ({
  content: "",
  toolCalls: [{ id: "c1", name, arguments: JSON.stringify(args) }],
});

test("a thread with a file, a consent by reply, kill -9 in the middle and a repeated message: nothing is lost, nothing comes twice", async () => {
  models.replies.push(call("write_file", { file_path: "word.txt", content: "river" }), { content: "I wrote it down." });
  const first = "<first@lab.example>";
  imap.deliver(
    mail({ id: first, text: "Write the word down", file: { name: "word.txt", text: "The word is river." } }),
  );
  await says("Reply with yes");
  expect(JSON.stringify(asked()[0]?.messages)).toContain("The word is river.");
  const question = sent("Reply with yes");
  expect(question.references).toContain(first);
  expect(question.headers.get("auto-submitted")).toBe("auto-replied");

  await gateway.kill();
  imap.deliver(mail({ headers: replyTo(question), text: "Yes.\r\n\r\n> The workflow wants to use tools" }));
  gateway = await start();
  await says("I wrote it down.");
  const [written = ""] = [...new Bun.Glob("workspaces/*/word.txt").scanSync(dataDir)];
  expect(await readFile(join(dataDir, written), "utf8")).toBe("river");
  const answer = sent("I wrote it down.");
  expect([answer.inReplyTo, answer.subject]).toEqual([first, "Re: A question"]);

  // A program that forgets the references still answers into the thread.
  models.replies.push({ content: "It was river." });
  imap.deliver(
    mail({ headers: [checked, `In-Reply-To: ${answer.messageId}`], subject: "Re: A question", text: "Which word?" }),
  );
  await says("It was river.");
  expect(JSON.stringify(asked().at(-1)?.messages)).toContain("I wrote it down.");
  const { body } = await gateway.get("/runs?root_only=true");
  expect(new Set(body.items.map((run: any) => run.session_id)).size).toBe(1);
  expect(body.items[0].session_id).toMatch(/^email:default:[0-9a-f]{16}$/);

  imap.renumber();
  await warned("numbers began anew");
  models.replies.push({ content: "Still here." });
  imap.deliver(mail({ text: "Are you there?" }), new Date(Date.now() + 5000));
  await says("Still here.");
  expect(asked()).toHaveLength(4);
  expect(smtp.mails.filter(({ text }) => text?.includes("I wrote it down."))).toHaveLength(1);
  // What the kill made go out twice has one id, and is shown once.
  const texts = new Set(smtp.mails.map(({ text }) => text));
  expect(new Set(smtp.mails.map(({ messageId }) => messageId)).size).toBe(texts.size);
}, 60_000);

test("strangers, forged senders, lists and auto-replies are passed over, each said once, and nobody gets an answer", async () => {
  const forged = `Authentication-Results: mx.home.example; spf=fail smtp.mailfrom=evil@bad.example; dkim=none`;
  const own = `Authentication-Results: mx.bad.example; dkim=pass header.d=lab.example`;
  const other = `Authentication-Results: mx.home.example; dkim=pass header.d=bad.example`;
  for (const bad of [
    { from: "eve@bad.example" },
    { from: "eve@bad.example" },
    { headers: [forged] },
    { headers: [own] },
    { headers: [other] },
    { headers: [] },
    { headers: [checked, "Auto-Submitted: auto-replied"] },
    { headers: [checked, "List-Id: <news.lab.example>"] },
    { headers: [checked, "Precedence: bulk"] },
    { from: me },
  ]) {
    imap.deliver(mail(bad));
  }
  imap.deliver(mail({ text: "a real one" }));
  await says("Hello.");
  expect(smtp.mails).toHaveLength(1);
  expect(asked()).toHaveLength(1);
  expect(warnings("eve@bad.example is not allowed")).toHaveLength(1);
  expect(warnings("is forged")).toHaveLength(1);
  expect(warnings("nobody has checked")).toHaveLength(1);
  expect(warnings("a program wrote it")).toHaveLength(1);
}, 30_000);

test("a 50 MB message is not read and its sender is told; a broken MIME tree is read as far as it goes; both once", async () => {
  imap.deliver(mail({ text: "x".repeat(50 * 1024 * 1024) }));
  await says("Your message is too large: files may have 15 MB in all.");
  const broken = [
    'Content-Type: multipart/mixed; boundary="a"',
    "",
    "--a",
    'Content-Type: multipart/mixed; boundary="a"',
    "",
    "--b",
    "--a--b",
    "\u0000\u00ff",
  ];
  imap.deliver(
    [checked, `From: ${ada}`, "Message-ID: <broken@lab.example>", "Subject: =?utf-8?B?broken", ...broken].join("\r\n"),
  );
  imap.deliver("no headers at all");
  imap.deliver(mail({ text: "a real one" }));
  await smtp.until((mails) => mails.length === 3, "to the broken one and the real one");
  expect(warnings("too large to be read")).toHaveLength(1);
  expect(JSON.stringify(asked().at(-1)?.messages)).toContain("a real one");
}, 60_000);

test("servers that are away or refuse the password are said once each and waited for; nothing is lost", async () => {
  smtp.state = "away";
  imap.deliver(mail({ text: "first" }));
  await warned("The SMTP server:");
  imap.state = "away";
  await warned("The IMAP server: it cannot be reached");
  imap.deliver(mail({ text: "second" }));
  imap.state = "refusing";
  await warned("it does not accept the user or the password");
  const before = imap.logins;
  const deadline = Date.now() + 8000;
  while (imap.logins < before + 3 && Date.now() < deadline) await Bun.sleep(10);
  expect(warnings("it does not accept the user or the password")).toHaveLength(1);
  expect(warnings("The SMTP server:")).toHaveLength(1);
  smtp.state = "there";
  imap.state = "there";
  await says("Hello.", 2);
  expect(smtp.mails).toHaveLength(2);
  expect(gateway.output).not.toContain(imapUser.password);
}, 60_000);

test("the account is listed, read and sent from over HTTP", async () => {
  const uid = imap.deliver(
    mail({ from: "eve@bad.example", subject: "Grüße", text: "body", file: { name: "a.txt", text: "x" } }),
  );
  expect((await gateway.get("/email/accounts")).body).toEqual({
    ok: true,
    default_account: "default",
    accounts: [{ account: "default", email: me, can_read: true, can_send: true }],
  });
  const { body: list } = await gateway.get("/email/messages?limit=5&since=2026-01-01");
  expect(list).toMatchObject({
    ok: true,
    account: "default",
    mailbox: "INBOX",
    counts: { returned: 1, unread: 1, read: 0 },
  });
  expect(list.messages[0]).toMatchObject({ uid, from: "eve@bad.example", subject: "Grüße", seen: false });
  const { body: one } = await gateway.get(`/email/messages/${uid}`);
  expect(one.message).toMatchObject({ uid, body_text: "body", attachments: [{ filename: "a.txt", size: 1 }] });
  const draft = { to: ["bob@lab.example"], cc: "Eve <eve@lab.example>", subject: "Hi", body_text: "there" };
  const { body: done } = await gateway.post("/email/send", draft);
  expect(done).toMatchObject({ ok: true, accepted: ["bob@lab.example", "eve@lab.example"], rejected: [] });
  await says("there");
  expect(sent("there").messageId).toBe(done.message_id);
}, 30_000);

test("bad requests for mail are answered with the field and the reason, and nothing is sent", async () => {
  const good = { to: "a@b.example", subject: "x", body_text: "y" };
  for (const [path, body, status, words] of [
    ["/email/messages?account=other", null, 404, "'other' not found"],
    ["/email/messages?status=new", null, 400, "status must be one of"],
    ["/email/messages?since=soon", null, 400, "since must be a date"],
    ["/email/messages?limit=0", null, 422, "limit"],
    ["/email/messages/abc", null, 400, "uid must be a number"],
    ["/email/messages/999", null, 404, "999 not found"],
    ["/email/send", {}, 422, "to"],
    ["/email/send", { ...good, to: "" }, 400, "to:"],
    ["/email/send", { ...good, to: "nobody" }, 400, "'nobody' is not an address"],
    ["/email/send", { ...good, to: "a@b.example\r\nBcc: eve@x.example" }, 400, "to:"],
    ["/email/send", { ...good, subject: "x\r\nBcc: eve@x.example" }, 400, "subject:"],
    ["/email/send", { ...good, headers: { From: "boss@x.example" } }, 400, "'From' cannot be set"],
    ["/email/send", { ...good, headers: { "X-A": "b\r\nBcc: c" } }, 400, "'X-A' cannot be set"],
    ["/email/send", { to: "a@b.example", subject: "x" }, 400, "body_text or body_html"],
  ] as const) {
    const answer = body === null ? await gateway.get(path) : await gateway.post(path, body);
    expect([path, answer.status]).toEqual([path, status]);
    expect(JSON.stringify(answer.body)).toContain(words);
  }
  imap.state = "refusing";
  const refused = await gateway.get("/email/messages");
  expect([refused.status, refused.body.detail]).toEqual([
    503,
    expect.stringContaining("does not accept the user or the password"),
  ]);
  expect(smtp.mails).toEqual([]);
}, 30_000);

test("an agent's mail waits for consent, and is sent once it is given", async () => {
  models.replies.push(call("send_email", { to: "bob@lab.example", subject: "Hi", body_text: "from the agent" }), {
    content: "Sent.",
  });
  const runId = await gateway.start("agent", { prompt: "write to bob", tools: ["send_email"] });
  const events = await gateway.follow(runId, (event) => event.data.record?.status === "waiting");
  const child = events.at(-1)?.data.record.result.wait.details.sub_run_id as string;
  const { waiting } = await gateway.until(child, "waiting");
  expect(waiting.details.tool_calls[0].name).toBe("send_email");
  expect(smtp.mails).toEqual([]);
  await gateway.command(child, "resume", { wait_key: waiting.wait_key, payload: { approved: true } });
  await gateway.follow(runId);
  await says("from the agent");
  expect(smtp.mails.filter(({ text }) => text?.includes("from the agent"))).toHaveLength(1);
}, 30_000);
