import type { RE2JS } from "re2js";
import { AppError } from "#core/errors.ts";
import { oneLine } from "#tools/one-line.ts";
import { withTextFile } from "#tools/open-file.ts";
import { safePattern } from "#tools/safe-pattern.ts";
import { cutLine, fileGoesOn, linesOf } from "#tools/text-lines.ts";
import type { Walk } from "#tools/walk-folder.ts";
import type { ResolvedPath } from "#tools/workspace.ts";

const maxFileBytes = 20 * 1024 ** 2;
const maxLineLength = 20_000;
const shownLineLength = 300;
const maxCharacters = 60_000;
/** Searching gives what it has found by then. */
const budgetMs = 20_000;
/** Lines between two looks at the clock, at which the rest of the gateway gets its turn. */
const turnLines = 5000;

export interface TextSearchOptions {
  pattern: string;
  /** Matching lines shown of one file. */
  linesPerFile: number;
  maxFiles: number;
  signal: AbortSignal;
}

/** Looks through files one after another and keeps what it finds, within bounds of size and time. */
export class TextSearch {
  #options: TextSearchOptions;
  #regex: RE2JS;
  #deadline = performance.now() + budgetMs;
  #blocks: string[] = [];
  #characters = 0;
  #searched = 0;
  #unread = 0;
  #lines = 0;
  #isLate = false;

  constructor(options: TextSearchOptions) {
    this.#options = options;
    this.#regex = safePattern(options.pattern, { multiline: false });
  }

  isDone(): boolean {
    return this.#isLate || this.#blocks.length >= this.#options.maxFiles || this.#characters >= maxCharacters;
  }

  /** Looks through one file. One that cannot be read counts as such, unless it was asked for by name. */
  async file(file: ResolvedPath, isNamed: boolean): Promise<void> {
    try {
      const matches = await withTextFile(file, (handle) =>
        this.#matches(linesOf(handle, { maxBytes: maxFileBytes, maxLineLength, signal: this.#options.signal })),
      );
      this.#searched += 1;
      if (matches.length > 0) this.#keep([`${oneLine(file.shown)}:`, ...matches].join("\n"));
    } catch (error) {
      if (isNamed || this.#options.signal.aborted || !(error instanceof AppError)) throw error;
      // Binary files are no loss; what cannot be opened is told.
      if (error.code !== "unprocessable") this.#unread += 1;
    }
  }

  text(shown: string, walk: Walk | null): string {
    const { pattern, maxFiles } = this.#options;
    const notes: string[] = [];
    if (this.#unread > 0) notes.push(`[${this.#unread} files could not be read]`);
    if (this.#isLate) notes.push(`[truncated: stopped after ${budgetMs / 1000} s; search a smaller folder]`);
    else if (this.#blocks.length >= maxFiles && walk) {
      notes.push(`[truncated: stopped after ${maxFiles} files; raise max_hits or narrow path or file_pattern]`);
    } else if (this.#characters >= maxCharacters) {
      notes.push("[truncated: the answer is full; narrow the pattern or the path]");
    }
    if (walk?.isCut()) notes.push("[truncated: too many entries to look at; start in a folder further down]");
    const head =
      this.#blocks.length === 0
        ? `No line in '${shown}' matches '${pattern}' (${this.#searched} text files searched)`
        : `Lines matching '${pattern}' in ${this.#blocks.length} files of '${shown}':`;
    return [head, ...this.#blocks, ...notes].join("\n");
  }

  async #matches(lines: AsyncIterable<string | typeof fileGoesOn>): Promise<string[]> {
    const found: string[] = [];
    let number = 0;
    let count = 0;
    for await (const line of lines) {
      if (line === fileGoesOn) {
        found.push(`  [only the first ${maxFileBytes / 1024 ** 2} MiB were searched]`);
        break;
      }
      number += 1;
      this.#lines += 1;
      if (this.#lines % turnLines === 0 && (await this.#takeTurn())) break;
      if (!this.#regex.test(line)) continue;
      count += 1;
      if (count <= this.#options.linesPerFile) found.push(`  ${number}: ${cutLine(line, shownLineLength)}`);
    }
    const more = count - this.#options.linesPerFile;
    if (more > 0) found.push(`  [truncated: ${more} more matching lines; raise head_limit]`);
    // A file that goes on without a match is none.
    return count === 0 ? [] : found;
  }

  /** Lets others work; true when the time is used up. */
  async #takeTurn(): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#isLate = performance.now() > this.#deadline;
    return this.#isLate;
  }

  #keep(block: string): void {
    this.#blocks.push(block);
    this.#characters += block.length;
  }
}
