import { AppError, messageOf } from "#core/errors.ts";
import type { Log } from "#core/log.ts";
import type { JsonObject } from "#core/value.ts";
import type { GatewayClient } from "#sdk/client.ts";
import type { Message } from "#clients/bridge/bridge-state.ts";
import type { Prepared } from "#clients/bridge/channel.ts";
import type { Server } from "#clients/bridge/persist.ts";
import { type BotApi, refusalOf } from "#clients/telegram/bot-api.ts";
import { type MessageFile, readFile } from "#clients/telegram/message-files.ts";

export interface ReceiveOptions {
  sdk: GatewayClient;
  gateway: Server;
  bot: BotApi;
  maxFileBytes: number;
  log: Log;
  signal: AbortSignal;
}

/** Telegram hands out no larger file to a bot. */
const maxBotBytes = 20 * 1024 * 1024;

/** Brings the files of a message into its session. A file that cannot come is said in the text, to the model and so to the person. */
export async function receiveFiles(options: ReceiveOptions, message: Message, sessionId: string): Promise<Prepared> {
  const texts = [message.text];
  const attachments: JsonObject[] = [];
  for (const stored of message.files) {
    const file = readFile(stored);
    const received = await receive(options, file, sessionId);
    if ("problem" in received) {
      texts.push(`[The file ${file.name} could not be received: ${received.problem}]`);
      continue;
    }
    attachments.push(received.artifact);
    const transcript = file.isVoice ? await transcribe(options, received) : null;
    if (transcript !== null) texts.push(transcript);
  }
  const text = texts.filter((each) => each.trim() !== "").join("\n\n");
  return { text: text === "" ? "See the attached file." : text, attachments };
}

type Received = { artifact: JsonObject; runId: string } | { problem: string };

async function receive(options: ReceiveOptions, file: MessageFile, sessionId: string): Promise<Received> {
  const { sdk, gateway, bot, maxFileBytes, log, signal } = options;
  const limit = Math.min(maxFileBytes, maxBotBytes);
  const tooLarge = { problem: `it is larger than ${Math.floor(limit / 1024 / 1024)} MB` };
  const refused = (problem: string): Received => {
    log.write("warn", `Telegram: a file could not be received: ${problem}`);
    return { problem };
  };
  if (file.bytes > limit) return refused(tooLarge.problem);
  try {
    const { file_path: path } = await bot.server.persist(signal, () => bot.api.getFile(file.fileId));
    if (path === undefined) return refused("Telegram does not say where it is");
    const bytes = await bot.server.persist(signal, () => download(bot.fileUrl(path), limit, signal));
    if (bytes === null) return refused(tooLarge.problem);
    const blob = new Blob([bytes], { type: file.contentType });
    const { artifact, run_id: runId } = await gateway.persist(signal, () => sdk.upload(sessionId, blob, file.name));
    return { artifact, runId };
  } catch (error) {
    if (signal.aborted) throw error;
    return refused(refusalOf(error) ?? messageOf(error));
  }
}

/** Null when it is larger than it may be. */
async function download(url: string, limit: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer> | null> {
  const answer = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(120_000)]) });
  // The address has the token in it, and stays out of what is told.
  if (answer.status >= 500) throw new Error(`Telegram answered ${answer.status}`);
  if (!answer.ok || !answer.body) throw new AppError("unavailable", `Telegram answered ${answer.status} for the file`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > limit) return null;
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** What was said in a voice message; null where nobody can tell. */
async function transcribe(
  { sdk, log, signal }: ReceiveOptions,
  { runId, artifact }: { runId: string; artifact: JsonObject },
): Promise<string | null> {
  try {
    const { text } = await sdk.transcribe(runId, artifact);
    return text.trim() === "" ? null : text;
  } catch (error) {
    if (signal.aborted) throw error;
    log.write("info", `A voice message goes along as a file, without its words: ${messageOf(error)}`);
    return null;
  }
}
