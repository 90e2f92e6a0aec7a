/** The text that somebody is writing, as user-perceived characters, with a cursor between them. */
export class LineEditor {
  #left: string[] = [];
  #right: string[] = [];
  #history: string[] = [];
  /** Place in the history while somebody looks through it; its length otherwise. */
  #place = 0;
  #draft = "";

  get text(): string {
    return this.#left.join("") + this.#right.join("");
  }

  get isEmpty(): boolean {
    return this.#left.length === 0 && this.#right.length === 0;
  }

  /** What stands before the cursor and after it. */
  get parts(): [before: string, after: string] {
    return [this.#left.join(""), this.#right.join("")];
  }

  set(text: string): void {
    this.#left = graphemes(text);
    this.#right = [];
  }

  insert(text: string): void {
    // Joined first: a combining mark may come by itself.
    this.#left = graphemes(this.#left.join("") + text);
  }

  /** Takes the text away, and remembers it. */
  take(): string {
    const { text } = this;
    if (text.trim() !== "" && this.#history.at(-1) !== text) this.#history.push(text);
    this.#place = this.#history.length;
    this.set("");
    return text;
  }

  backspace(): void {
    this.#left.pop();
  }

  delete(): void {
    this.#right.shift();
  }

  /** The word before the cursor, and the spaces after it. */
  deleteWord(): void {
    while (this.#left.at(-1) === " ") this.#left.pop();
    while (this.#left.length > 0 && this.#left.at(-1) !== " ") this.#left.pop();
  }

  deleteToStart(): void {
    this.#left = [];
  }

  deleteToEnd(): void {
    this.#right = [];
  }

  moveLeft(): void {
    const last = this.#left.pop();
    if (last !== undefined) this.#right.unshift(last);
  }

  moveRight(): void {
    const next = this.#right.shift();
    if (next !== undefined) this.#left.push(next);
  }

  moveToStart(): void {
    this.#right = [...this.#left, ...this.#right];
    this.#left = [];
  }

  moveToEnd(): void {
    this.#left = [...this.#left, ...this.#right];
    this.#right = [];
  }

  /** Through what was sent before; back at the end is what was being written. */
  recall(direction: 1 | -1): void {
    const place = this.#place + direction;
    if (place < 0 || place > this.#history.length) return;
    if (this.#place === this.#history.length) this.#draft = this.text;
    this.#place = place;
    this.set(this.#history[place] ?? this.#draft);
  }
}

const segmenter = new Intl.Segmenter();

function graphemes(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}
