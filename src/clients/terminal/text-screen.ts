import { type Key, movement } from "#clients/terminal/key.ts";
import { type Line, wrapped } from "#clients/terminal/line.ts";
import type { Desk, Screen } from "#clients/terminal/screen.ts";
import { Window } from "#clients/terminal/window.ts";

/** A text to read: a record, the help. */
export class TextScreen implements Screen {
  readonly writing = null;
  readonly hint = "j k move · space page · esc back";
  readonly title: string;
  readonly #text: string;
  readonly #desk: Desk;
  readonly #window = new Window();
  #wrapped: { width: number; lines: string[] } | null = null;

  constructor(desk: Desk, title: string, text: string) {
    this.#desk = desk;
    this.title = title;
    this.#text = text;
    this.#window.toStart();
  }

  lines(width: number, height: number): Line[] {
    if (this.#wrapped?.width !== width) this.#wrapped = { width, lines: wrapped(this.#text, width - 2) };
    const { lines } = this.#wrapped;
    const [from, to] = this.#window.of(lines.length, height);
    return lines.slice(from, to).map((text) => [{ text: ` ${text}` }]);
  }

  key(key: Key): boolean {
    if (key.name === "escape" || key.name === "enter" || (key.name === "text" && "q?".includes(key.text))) {
      this.#desk.back();
      return true;
    }
    const move = movement(key);
    if (move === "up" || move === "down") this.#window.scroll(move === "up" ? -1 : 1);
    else if (move === "pageUp" || move === "pageDown") this.#window.page(move === "pageUp" ? -1 : 1);
    else if (move === "start") this.#window.toStart();
    else if (move === "end") this.#window.toEnd();
    return move !== null;
  }
}
