/** Keeps the beginning and the end of a stream of bytes, whatever its length, and counts what falls out between. */
export class HeadAndTail {
  #headBytes: number;
  #tailBytes: number;
  #head: Uint8Array[] = [];
  #headLength = 0;
  #tail: Uint8Array[] = [];
  #tailLength = 0;
  #total = 0;

  constructor(options: { headBytes: number; tailBytes: number }) {
    this.#headBytes = options.headBytes;
    this.#tailBytes = options.tailBytes;
  }

  get isCut(): boolean {
    return this.#total > this.#headBytes + this.#tailBytes;
  }

  add(bytes: Uint8Array): void {
    this.#total += bytes.length;
    const room = this.#headBytes - this.#headLength;
    const first = bytes.subarray(0, room);
    if (first.length > 0) {
      this.#head.push(first);
      this.#headLength += first.length;
    }
    if (bytes.length > room) this.#addToTail(bytes.subarray(Math.max(0, room)));
  }

  text(): string {
    const decode = (parts: Uint8Array[]) => new TextDecoder().decode(Buffer.concat(parts));
    if (!this.isCut) return decode([...this.#head, ...this.#tail]);
    const tail = Buffer.concat(this.#tail).subarray(-this.#tailBytes);
    const left = this.#total - this.#headLength - tail.length;
    return `${decode(this.#head)}\n[truncated: ${left} bytes left out here]\n${decode([tail])}`;
  }

  #addToTail(bytes: Uint8Array): void {
    this.#tail.push(bytes);
    this.#tailLength += bytes.length;
    while (this.#tailLength - (this.#tail[0]?.length ?? 0) >= this.#tailBytes) {
      this.#tailLength -= this.#tail.shift()?.length ?? 0;
    }
  }
}
