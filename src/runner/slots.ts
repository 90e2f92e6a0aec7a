/** A fair counting semaphore: who asked first works first. */
export class Slots {
  #free: number;
  #queue: (() => void)[] = [];
  #head = 0;

  constructor(count: number) {
    this.#free = count;
  }

  /** Resolves when a slot is ours. Every acquire needs one release. */
  acquire(): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free--;
      return undefined;
    }
    return new Promise((resolve) => this.#queue.push(resolve));
  }

  release(): void {
    const next = this.#queue[this.#head];
    if (!next) {
      this.#free++;
      return;
    }
    this.#head++;
    // The consumed part is cut off now and then, so that a long queue does not shift on every release.
    if (this.#head > 1024) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    next();
  }

  get waiting(): number {
    return this.#queue.length - this.#head;
  }
}
