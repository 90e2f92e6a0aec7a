import { messageOf } from "#core/errors.ts";
import { SdkError } from "#sdk/sdk-error.ts";
import { type Key, movement } from "#clients/terminal/key.ts";
import { type Line, type Look, cell, cropped } from "#clients/terminal/line.ts";
import type { Desk, Screen } from "#clients/terminal/screen.ts";
import { Window } from "#clients/terminal/window.ts";

export interface Column<T> {
  head: string;
  /** Columns of the terminal; the one with 0 gets what is left. */
  width: number;
  text: (item: T) => string;
  look?: (item: T) => Look | undefined;
}

export interface ListOptions<T> {
  title: string;
  /** Said where there is nothing. */
  empty: string;
  hint: string;
  fetch: () => Promise<T[]>;
  idOf: (item: T) => string;
  columns: Column<T>[];
  /** Enter. */
  open: (item: T) => void;
  /** What letters do with the chosen item. */
  actions: Record<string, (item: T) => void>;
}

const everyMs = 2000;

/** A table that is asked for again and again while it is shown; the chosen row stays chosen wherever it moves. */
export class ListScreen<T> implements Screen {
  readonly writing = null;
  readonly #options: ListOptions<T>;
  readonly #desk: Desk;
  readonly #window = new Window();
  #items: T[] | null = null;
  #trouble: string | null = null;
  #chosen: string | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** Number of the opening that asks; 0 while it is not shown. */
  #opening = 0;
  #openings = 0;

  constructor(desk: Desk, options: ListOptions<T>) {
    this.#desk = desk;
    this.#options = options;
    this.#window.toStart();
  }

  get title(): string {
    const count = this.#items?.length ?? 0;
    return count === 0 ? this.#options.title : `${this.#options.title} · ${count}`;
  }

  get hint(): string {
    return this.#options.hint;
  }

  open(): void {
    this.#opening = ++this.#openings;
    void this.#ask(this.#opening);
  }

  close(): void {
    this.#opening = 0;
    if (this.#timer) clearTimeout(this.#timer);
  }

  lines(width: number, height: number): Line[] {
    const items = this.#items ?? [];
    const below = this.#trouble !== null ? this.#trouble : this.#items === null ? "…" : this.#options.empty;
    if (items.length === 0) return [[], [{ text: cropped(`  ${below}`, width), look: "dim" }]];
    const index = this.#index();
    this.#window.of(items.length, height - 1);
    this.#window.show(index);
    const [from, to] = this.#window.of(items.length, height - 1);
    const head: Line = [{ text: this.#row(width, ({ head }) => head), look: "dim" }];
    return [head, ...items.slice(from, to).map((item, place) => this.#line(item, width, from + place === index))];
  }

  key(key: Key): boolean {
    const move = movement(key);
    if (move) return this.#move(move);
    const item = this.#items?.[this.#index()];
    if (item === undefined) return false;
    if (key.name === "enter") {
      this.#options.open(item);
      return true;
    }
    const action = key.name === "text" ? this.#options.actions[key.text] : undefined;
    action?.(item);
    return action !== undefined;
  }

  #move(move: NonNullable<ReturnType<typeof movement>>): boolean {
    const items = this.#items ?? [];
    const page = 10;
    const by = { up: -1, down: 1, pageUp: -page, pageDown: page, start: -items.length, end: items.length }[move];
    const item = items[Math.max(0, Math.min(items.length - 1, this.#index() + by))];
    if (item !== undefined) this.#chosen = this.#options.idOf(item);
    return true;
  }

  #index(): number {
    const index = this.#items?.findIndex((item) => this.#options.idOf(item) === this.#chosen) ?? -1;
    return Math.max(0, index);
  }

  #line(item: T, width: number, isChosen: boolean): Line {
    const mark = isChosen ? "› " : "  ";
    if (isChosen)
      return [{ text: `${mark}${this.#row(width, (column) => column.text(item)).slice(2)}`, look: "selected" }];
    const cells = this.#cells(width, (column) => column.text(item));
    return [
      { text: mark },
      ...this.#options.columns.map((column, index) => {
        const look = column.look?.(item);
        return { text: `${cells[index]} `, ...(look ? { look } : {}) };
      }),
    ];
  }

  #row(width: number, text: (column: Column<T>) => string): string {
    return cell(`  ${this.#cells(width, text).join(" ")}`, width);
  }

  #cells(width: number, text: (column: Column<T>) => string): string[] {
    const { columns } = this.#options;
    const fixed = columns.reduce((sum, column) => sum + column.width, 0);
    const rest = Math.max(8, width - 2 - fixed - columns.length);
    return columns.map((column) => cell(text(column), column.width || rest));
  }

  /** Asks now, and then from time to time. */
  async #ask(opening: number): Promise<void> {
    try {
      this.#items = await this.#options.fetch();
      this.#trouble = null;
      this.#desk.connection(true);
      // The first row is chosen by name too, so that it stays under the eye when others come above it.
      const first = this.#items[this.#index()];
      if (first !== undefined) this.#chosen = this.#options.idOf(first);
    } catch (error) {
      this.#trouble = messageOf(error);
      this.#desk.connection(!(error instanceof SdkError && error.status === null));
    }
    this.#desk.tell();
    if (this.#opening === opening) this.#timer = setTimeout(() => void this.#ask(opening), everyMs);
  }
}
