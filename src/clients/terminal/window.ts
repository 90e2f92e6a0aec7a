/** Which part of a long list is on the screen: the end, for as long as nobody has scrolled away from it. */
export class Window {
  /** First line that is shown; null: as far down as there is something. */
  #top: number | null = null;
  #height = 1;
  #total = 0;

  get isAtEnd(): boolean {
    return this.#top === null;
  }

  /** First and last index (exclusive) of what is shown. */
  of(total: number, height: number): [from: number, to: number] {
    this.#total = total;
    this.#height = Math.max(1, height);
    const last = Math.max(0, total - this.#height);
    if (this.#top !== null && this.#top >= last) this.#top = null;
    const from = this.#top ?? last;
    return [from, Math.min(total, from + this.#height)];
  }

  scroll(lines: number): void {
    const last = Math.max(0, this.#total - this.#height);
    this.#top = Math.max(0, (this.#top ?? last) + lines);
    if (this.#top >= last) this.#top = null;
  }

  page(direction: 1 | -1): void {
    this.scroll(direction * Math.max(1, this.#height - 1));
  }

  toStart(): void {
    this.#top = 0;
  }

  toEnd(): void {
    this.#top = null;
  }

  /** Moves so little that the index is seen. */
  show(index: number): void {
    const from = this.#top ?? Math.max(0, this.#total - this.#height);
    if (index < from) this.#top = index;
    else if (index >= from + this.#height) this.#top = index - this.#height + 1;
    else this.#top = from;
  }
}
