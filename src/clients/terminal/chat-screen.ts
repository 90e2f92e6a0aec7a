import type { Chat } from "#clients/terminal/chat.ts";
import type { Key } from "#clients/terminal/key.ts";
import { type Line, block, cropped, safe } from "#clients/terminal/line.ts";
import { consentOf, questionLines } from "#clients/terminal/question-lines.ts";
import type { Desk, Screen } from "#clients/terminal/screen.ts";
import type { Part, Turn } from "#clients/terminal/turn.ts";
import { Window } from "#clients/terminal/window.ts";

/** The conversation of a session, with the line to write below it. */
export class ChatScreen implements Screen {
  readonly chat: Chat;
  readonly #desk: Desk;
  readonly #window = new Window();
  /** Lines of turns that are over; they change with the width only. */
  readonly #over = new WeakMap<Turn, { width: number; lines: Line[] }>();

  constructor(desk: Desk, chat: Chat) {
    this.#desk = desk;
    this.chat = chat;
  }

  get title(): string {
    const scrolled = this.#window.isAtEnd ? "" : " · scrolled up, PgDn";
    return `Session ${safe(this.chat.sessionId)} · ${safe(this.chat.title)}${scrolled}`;
  }

  get writing(): string {
    const { question } = this.chat;
    if (!question) return "say";
    return question.isApproval ? "y/n" : "answer";
  }

  get hint(): string {
    const { question, isWorking } = this.chat;
    if (question?.isApproval) return "y allow · n deny · ^X cancel the run · / command · tab next view";
    return `enter send${isWorking ? " · ^X cancel the run" : ""} · PgUp PgDn scroll · / command · tab next view · ? help`;
  }

  lines(width: number, height: number): Line[] {
    const lines = this.chat.turns.flatMap((turn) => this.#turnLines(turn, width - 1));
    if (lines.length === 0) return this.#emptyLines();
    const [from, to] = this.#window.of(lines.length, height);
    return lines.slice(from, to);
  }

  key(key: Key): boolean {
    if (key.name === "pageUp" || key.name === "pageDown") this.#window.page(key.name === "pageUp" ? -1 : 1);
    else if (key.name === "control" && key.text === "x") this.#desk.attempt(() => this.chat.cancel());
    else if (key.name === "text" && this.chat.question?.isApproval && consentOf(key.text) !== null) {
      const isGiven = consentOf(key.text) ?? false;
      this.#desk.attempt(() => this.chat.consent(isGiven));
    } else return false;
    return true;
  }

  async submit(text: string): Promise<void> {
    this.#window.toEnd();
    await this.chat.send(text);
  }

  #emptyLines(): Line[] {
    if (this.chat.isLoading) return [[], [{ text: "  …", look: "dim" }]];
    const line = (text: string): Line => [{ text: `  ${text}`, look: "dim" }];
    return [
      [],
      line("Write a message and press enter."),
      line("What runs goes on when you leave; come back from any device."),
    ];
  }

  #turnLines(turn: Turn, width: number): Line[] {
    const known = this.#over.get(turn);
    if (known?.width === width) return known.lines;
    const lines = turnLines(turn, width);
    if (!turn.isLive) this.#over.set(turn, { width, lines });
    return lines;
  }
}

function turnLines(turn: Turn, width: number): Line[] {
  const lines: Line[] = [];
  if (turn.prompt !== "") {
    lines.push(...block(turn.prompt, width, { first: { text: "› ", look: "accent" }, rest: "  ", look: "bold" }));
  }
  // What needs consent is shown by the question, whole.
  const isAsked = (part: Part) => part.kind === "tool" && part.state === "asked" && turn.question?.isApproval === true;
  for (const part of turn.parts) if (!isAsked(part)) lines.push(...partLines(part, width));
  for (const text of turn.live) lines.push(...block(`${text}▌`, width, { first: { text: "  " }, rest: "  " }));
  if (turn.answer !== null) lines.push(...block(turn.answer, width, { first: { text: "  " }, rest: "  " }));
  if (turn.question) lines.push(...questionLines(turn.question, width));
  else if (turn.isLive && turn.live.length === 0) lines.push([{ text: "  … working", look: "dim" }]);
  if (turn.status === "failed") lines.push(...trouble(`Failed: ${turn.error ?? ""}`, width));
  if (turn.status === "cancelled") lines.push(...trouble(`Cancelled: ${turn.error ?? ""}`, width));
  return [...lines, []];
}

function partLines(part: Part, width: number): Line[] {
  if (part.kind === "text") return block(part.text, width, { first: { text: "  " }, rest: "  " });
  if (part.kind === "reply") return block(part.text, width, { first: { text: "› ", look: "accent" }, rest: "  " });
  if (part.kind === "trouble") return trouble(part.text, width);
  const mark = { asked: ["▸", "dim"], done: ["✓", "good"], failed: ["✗", "bad"] } as const;
  const [text, look] = mark[part.state];
  const call = block(`${safe(part.name, 100)} ${safe(part.arguments, 400)}`, width, {
    first: { text: `  ${text} `, look },
    rest: "    ",
    look: "dim",
  });
  const result =
    part.result === "" ? [] : [[{ text: cropped(`    → ${safe(part.result, 400)}`, width), look: "dim" as const }]];
  // Some lines are enough to see what was done; the log has all of it.
  return [...(call.length > 2 ? [...call.slice(0, 2), [{ text: "    …", look: "dim" as const }]] : call), ...result];
}

function trouble(text: string, width: number): Line[] {
  return block(text, width, { first: { text: "  ✗ ", look: "bad" }, rest: "    ", look: "bad" });
}
