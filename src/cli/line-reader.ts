import { createInterface } from "node:readline";
import type { CliContext } from "#cli/context.ts";
import { isInteractive } from "#cli/context.ts";

/** Lines of stdin, one question at a time; nothing is read before the first question. */
export interface LineReader {
  /** The next line; null at the end of the input or when the signal aborts. An aborted question does not swallow the next line. */
  next(signal: AbortSignal): Promise<string | null>;
  close(): void;
}

export function createLineReader(context: CliContext, onInterrupt: () => void): LineReader {
  let opened: OpenLines | null = null;
  return {
    next(signal) {
      opened ??= new OpenLines(context, onInterrupt);
      return opened.next(signal);
    },
    close: () => opened?.close(),
  };
}

class OpenLines {
  #reader: ReturnType<typeof createInterface>;
  #isTerminal: boolean;
  #lines: string[] = [];
  #isEnded = false;
  #wake: () => void = () => undefined;

  constructor(context: CliContext, onInterrupt: () => void) {
    this.#isTerminal = isInteractive(context);
    const output = this.#isTerminal ? { output: context.stderr as NodeJS.WritableStream & CliContext["stderr"] } : {};
    this.#reader = createInterface({ input: context.stdin, terminal: this.#isTerminal, ...output });
    this.#reader.setPrompt("> ");
    this.#reader.on("line", (line) => {
      this.#lines.push(line);
      this.#wake();
    });
    this.#reader.on("close", () => {
      this.#isEnded = true;
      this.#wake();
    });
    // A terminal in line mode gives ^C to the reader instead of the process.
    this.#reader.on("SIGINT", onInterrupt);
  }

  async next(signal: AbortSignal): Promise<string | null> {
    if (this.#isTerminal) this.#reader.prompt();
    while (this.#lines.length === 0 && !this.#isEnded && !signal.aborted) {
      const changed = Promise.withResolvers<void>();
      this.#wake = changed.resolve;
      signal.addEventListener("abort", () => changed.resolve(), { once: true });
      await changed.promise;
    }
    return signal.aborted ? null : (this.#lines.shift() ?? null);
  }

  close(): void {
    this.#reader.close();
  }
}
