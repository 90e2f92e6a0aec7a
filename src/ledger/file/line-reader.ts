import { closeSync, openSync, readSync } from "node:fs";
import { dirname } from "node:path";

/** The place of every so many-th line is remembered, so that a page in the middle is found without reading what is before it. */
const markEvery = 64;
const maxFiles = 256;
const firstChunk = 32 * 1024;
const largestChunk = 1024 * 1024;

/** Reads lines of append-only files by their number. A file's first bytes never change while it is known here. */
export class LineReader {
  /** Byte offsets of the lines 0, 64, 128, … by path, as far as they were seen. The last used file is last. */
  #marks = new Map<string, number[]>();

  /**
   * Hands over the lines from number `from` (the first is 0) to byte `end`, until `visit` says false. With `startByte`, lines are counted
   * from that byte on.
   */
  visit(
    path: string,
    { from, end, startByte }: { from: number; end: number; startByte?: number },
    visit: (line: string, number: number, at: number) => boolean,
  ): void {
    if (end === 0) return;
    const marks = startByte === undefined ? this.#marksOf(path) : [startByte];
    const mark = Math.min(Math.floor(from / markEvery), marks.length - 1);
    let number = mark * markEvery;
    let at = marks[mark] ?? 0;
    let rest: Buffer = Buffer.alloc(0);
    let wanted = firstChunk;
    const file = openSync(path, "r");
    try {
      while (at + rest.length < end) {
        const chunk = Buffer.allocUnsafe(Math.min(wanted, end - at - rest.length));
        const read = readSync(file, chunk, 0, chunk.length, at + rest.length);
        if (read === 0) return;
        const bytes = rest.length === 0 ? chunk.subarray(0, read) : Buffer.concat([rest, chunk.subarray(0, read)]);
        let begin = 0;
        for (let stop = bytes.indexOf(10); stop >= 0; stop = bytes.indexOf(10, begin)) {
          if (number >= from && !visit(bytes.toString("utf8", begin, stop), number, at + begin)) return;
          begin = stop + 1;
          number++;
          if (number === marks.length * markEvery) marks.push(at + begin);
        }
        at += begin;
        rest = bytes.subarray(begin);
        wanted = Math.min(wanted * 2, largestChunk);
      }
    } finally {
      closeSync(file);
    }
  }

  /** The files of a folder are gone: others with their names may come. */
  forgetIn(folder: string): void {
    for (const path of this.#marks.keys()) if (dirname(path) === folder) this.#marks.delete(path);
  }

  #marksOf(path: string): number[] {
    const known = this.#marks.get(path) ?? [0];
    this.#marks.delete(path);
    this.#marks.set(path, known);
    if (this.#marks.size > maxFiles) {
      for (const oldest of this.#marks.keys()) {
        this.#marks.delete(oldest);
        break;
      }
    }
    return known;
  }
}
