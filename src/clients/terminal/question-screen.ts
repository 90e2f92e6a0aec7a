import { messageOf } from "#core/errors.ts";
import { type Question, answerCommand, chooseAnswer, consent, openQuestion } from "#sdk/question.ts";
import type { JsonObject } from "#core/value.ts";
import type { Key } from "#clients/terminal/key.ts";
import { type Line, safe } from "#clients/terminal/line.ts";
import { consentOf, questionLines } from "#clients/terminal/question-lines.ts";
import type { Desk, Screen } from "#clients/terminal/screen.ts";
import { Window } from "#clients/terminal/window.ts";

const everyMs = 2000;

/** One question of a run, to be answered here. When somebody else answers it first, that is said. */
export class QuestionScreen implements Screen {
  readonly #desk: Desk;
  readonly #runId: string;
  readonly #window = new Window();
  #question: Question | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isOpen = false;
  #isSending = false;

  constructor(desk: Desk, runId: string) {
    this.#desk = desk;
    this.#runId = runId;
    this.#window.toStart();
  }

  get title(): string {
    return `Question of run ${safe(this.#runId)}`;
  }

  get writing(): string {
    return this.#question?.isApproval ? "y/n" : "answer";
  }

  get hint(): string {
    return this.#question?.isApproval ? "y allow · n deny · esc back" : "enter answers · esc back";
  }

  open(): void {
    this.#isOpen = true;
    void this.#ask();
  }

  close(): void {
    this.#isOpen = false;
    if (this.#timer) clearTimeout(this.#timer);
  }

  lines(width: number, height: number): Line[] {
    if (!this.#question) return [[], [{ text: "  …", look: "dim" }]];
    const lines = questionLines(this.#question, width - 1);
    const [from, to] = this.#window.of(lines.length, height);
    return lines.slice(from, to);
  }

  key(key: Key): boolean {
    if (key.name === "escape") this.#desk.back();
    else if (key.name === "pageUp" || key.name === "pageDown") this.#window.page(key.name === "pageUp" ? -1 : 1);
    else if (key.name === "text" && this.#question?.isApproval && consentOf(key.text) !== null) {
      const payload = consent(consentOf(key.text) ?? false);
      this.#desk.attempt(() => this.#send(payload));
    } else return false;
    return true;
  }

  async submit(text: string): Promise<void> {
    if (!this.#question) return;
    if (this.#question.isApproval) return this.#desk.notify("Allow it? Press y or n.");
    const response = chooseAnswer(this.#question, text);
    if (response === null)
      return this.#desk.notify(`Choose 1 to ${this.#question.choices.length}, or one of the texts.`);
    await this.#send({ response });
  }

  async #send(payload: JsonObject): Promise<void> {
    if (!this.#question || this.#isSending) return;
    this.#isSending = true;
    try {
      const { command_id } = await this.#desk.client.command(answerCommand(this.#question, payload));
      const { outcome } = await this.#desk.client.outcome(command_id);
      this.#desk.notify(outcome?.message ?? "Accepted; no runner has applied it yet.");
      if (this.#isOpen) this.#desk.back();
    } finally {
      this.#isSending = false;
    }
  }

  async #ask(): Promise<void> {
    try {
      const asked = openQuestion(await this.#desk.client.get(this.#runId));
      const isGone = !asked || (this.#question !== null && asked.waitKey !== this.#question.waitKey);
      if (isGone && this.#isOpen && !this.#isSending) {
        this.#desk.notify(this.#question ? "It was answered elsewhere." : "The run asks nothing now.");
        return this.#desk.back();
      }
      this.#question = asked;
    } catch (error) {
      this.#desk.notify(messageOf(error));
    }
    this.#desk.tell();
    if (this.#isOpen) this.#timer = setTimeout(() => void this.#ask(), everyMs);
  }
}
