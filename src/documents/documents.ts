import { readFileSync } from "node:fs";
import { AppError } from "#core/errors.ts";
import type { DocumentAnswer, DocumentTask, DocumentText } from "#documents/task.ts";

/** Reads and writes documents, each in a process of its own with limits of time and memory. */
export interface Documents {
  /** AppErrors: `unprocessable` for a damaged document or one that takes too much, `too_large`, `unavailable`. */
  read(
    document: Blob | ReadableStream<Uint8Array>,
    task: Omit<ReadTask, "do">,
    signal: AbortSignal,
  ): Promise<DocumentText>;
  writePdf(text: string, title: string, signal: AbortSignal): Promise<Uint8Array>;
}

type ReadTask = Extract<DocumentTask, { do: "read" }>;

export interface DocumentsOptions {
  /** How to start this program as a document process. */
  command: string[];
  timeoutMs?: number;
  maxMemoryBytes?: number;
  /** Processes at the same time; others wait. */
  maxAtOnce?: number;
}

const watchMs = 50;

export function createDocuments(options: DocumentsOptions): Documents {
  const { command, timeoutMs = 60_000, maxMemoryBytes = 1536 * 1024 * 1024, maxAtOnce = 2 } = options;
  const limits = { timeoutMs, maxMemoryBytes };
  const waiting: (() => void)[] = [];
  let running = 0;
  const work = async (task: DocumentTask, input: Blob | ReadableStream<Uint8Array>, signal: AbortSignal) => {
    if (running >= maxAtOnce) await new Promise<void>((resolve) => void waiting.push(resolve));
    running++;
    try {
      return await runOnce([...command, JSON.stringify(task)], { input, signal, ...limits });
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
  return {
    async read(document, task, signal) {
      const { answer } = await work({ do: "read", ...task }, document, signal);
      if (!answer.text) throw new AppError("unavailable", "The document process gave no text");
      return answer.text;
    },
    async writePdf(text, title, signal) {
      return (await work({ do: "write_pdf", title }, new Blob([text]), signal)).bytes;
    },
  };
}

interface Run {
  input: Blob | ReadableStream<Uint8Array>;
  signal: AbortSignal;
  timeoutMs: number;
  maxMemoryBytes: number;
}

interface Result {
  answer: Extract<DocumentAnswer, { ok: true }>;
  bytes: Uint8Array;
}

async function runOnce(command: string[], { input, signal, timeoutMs, maxMemoryBytes }: Run): Promise<Result> {
  signal.throwIfAborted();
  const child = Bun.spawn(command, { stdin: input, stdout: "pipe", stderr: "ignore", env: {}, cwd: "/" });
  let killedFor: string | null = null;
  const kill = (reason: string) => {
    killedFor ??= reason;
    child.kill("SIGKILL");
  };
  const timeout = setTimeout(() => kill(`took longer than ${timeoutMs / 1000} seconds`), timeoutMs);
  const watch = setInterval(() => {
    if (rssOf(child.pid) > maxMemoryBytes)
      kill(`took more than ${Math.round(maxMemoryBytes / 1024 / 1024)} MiB of memory`);
  }, watchMs);
  const abort = () => kill("was cancelled");
  signal.addEventListener("abort", abort);
  try {
    const output = await new Response(child.stdout).bytes();
    await child.exited;
    signal.throwIfAborted();
    return resultOf(output, killedFor);
  } finally {
    clearTimeout(timeout);
    clearInterval(watch);
    signal.removeEventListener("abort", abort);
    child.kill("SIGKILL");
  }
}

function resultOf(output: Uint8Array, killedFor: string | null): Result {
  if (killedFor !== null) throw new AppError("unprocessable", `The document ${killedFor}, and was given up`);
  const end = output.indexOf(0x0a);
  if (end < 0) throw new AppError("unprocessable", "The document made its reader fail");
  const answer = JSON.parse(new TextDecoder().decode(output.subarray(0, end))) as DocumentAnswer;
  if (!answer.ok) throw new AppError(answer.code, answer.error);
  return { answer, bytes: output.subarray(end + 1) };
}

/** Memory of a process in bytes; 0 where the system does not tell, so that only the time counts. */
function rssOf(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
