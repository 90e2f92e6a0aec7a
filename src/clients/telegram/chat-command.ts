import type { Chat, User } from "grammy/types";
import type { GatewayClient } from "#sdk/client.ts";
import type { Conversations } from "#clients/bridge/conversations.ts";
import type { Server } from "#clients/bridge/persist.ts";
import type { Questions } from "#clients/bridge/questions.ts";

export interface ChatCommandOptions {
  sdk: GatewayClient;
  gateway: Server;
  signal: AbortSignal;
  conversations: Conversations;
  questions: Questions;
  resetMessage: string;
  chat: Chat;
  user: User;
  /** Names the update: what it commands is done once. */
  key: string;
}

type Command = (rest: string, options: ChatCommandOptions) => Promise<string>;

const help = `Write, and the gateway works on it. Files and voice messages go along.

/new begins a new session
/runs what runs and waits here
/cancel stops the run of this chat
/approve, /deny [reason] answer a request to use tools
/whoami who you are here`;

const commands: Record<string, Command> = {
  start: () => Promise.resolve(help),
  help: () => Promise.resolve(help),
  new: reset,
  reset,
  whoami: (_rest, { chat, user, conversations }) => {
    const { sessionId } = conversations.of(String(chat.id));
    return Promise.resolve(`user ${user.id}\nchat ${chat.id}\nsession ${sessionId}`);
  },
  runs,
  cancel,
  approve: (_rest, options) => decide(options, { approved: true }),
  deny: (rest, options) => decide(options, { approved: false, ...(rest === "" ? {} : { reason: rest }) }),
};

/** The answer to a command; null for one that the bot does not know, which is a message like any other. */
export function chatCommand(
  { name, rest }: { name: string; rest: string },
  options: ChatCommandOptions,
): Promise<string | null> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  return command ? command(rest, options) : Promise.resolve(null);
}

function reset(_rest: string, { chat, conversations, resetMessage }: ChatCommandOptions): Promise<string> {
  conversations.reset(String(chat.id));
  return Promise.resolve(resetMessage);
}

const shownRuns = 10;

async function runs(_rest: string, { chat, conversations, sdk, gateway, signal }: ChatCommandOptions): Promise<string> {
  const { sessionId: session_id } = conversations.of(String(chat.id));
  const found = await gateway.persist(signal, () => sdk.list({ session_id, root_only: true, limit: shownRuns }));
  if (found.length === 0) return "Nothing has run in this session.";
  return found.map(({ run_id, status, workflow_id }) => `${status}  ${workflow_id}\n${run_id}`).join("\n\n");
}

async function cancel(_rest: string, options: ChatCommandOptions): Promise<string> {
  const { chat, conversations, sdk, gateway, signal, key } = options;
  const runId = conversations.of(String(chat.id)).turn?.runId;
  if (!runId) return "Nothing runs here.";
  const body = {
    run_id: runId,
    type: "cancel" as const,
    command_id: key,
    payload: { reason: "Cancelled in Telegram" },
  };
  await gateway.persist(signal, () => sdk.command(body));
  return "It is being cancelled.";
}

async function decide(options: ChatCommandOptions, payload: { approved: boolean; reason?: string }): Promise<string> {
  const { chat, questions, key } = options;
  const question = questions.newest(String(chat.id), ({ isConsent }) => isConsent);
  if (!question) return "Nothing waits for a decision here.";
  const outcome = await questions.answer(question, payload, key);
  if (outcome !== null && outcome.status !== "applied") return `Somebody was faster: ${outcome.message}.`;
  return payload.approved ? "Approved." : "Denied.";
}
