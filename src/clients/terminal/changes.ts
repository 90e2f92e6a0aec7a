/** Tells the screen that something changed; many changes at once are told once. */
export class Changes {
  #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #version = 0;

  /** Grows with each told change. */
  readonly version = (): number => this.#version;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** At most thirty times a second: a line to another continent carries no more. */
  readonly tell = (): void => {
    this.#timer ??= setTimeout(() => this.now(), 33);
  };

  /** At once, for what a key did. */
  readonly now = (): void => {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#version++;
    for (const listener of this.#listeners) listener();
  };

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#listeners.clear();
  }
}
