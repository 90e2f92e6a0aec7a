import { messageOf } from "#core/errors.ts";
import { newHexId } from "#core/ids.ts";
import type { GatewayClient } from "#sdk/client.ts";
import { Changes } from "#clients/terminal/changes.ts";
import { Chat } from "#clients/terminal/chat.ts";
import { ChatScreen } from "#clients/terminal/chat-screen.ts";
import { type Order, type Target, orderOf } from "#clients/terminal/commands.ts";
import { editLine } from "#clients/terminal/edit-line.ts";
import { helpText } from "#clients/terminal/help-text.ts";
import type { Key } from "#clients/terminal/key.ts";
import { safe } from "#clients/terminal/line.ts";
import { LineEditor } from "#clients/terminal/line-editor.ts";
import { askingRuns, inboxScreen, runsScreen, schedulesScreen, sessionsScreen } from "#clients/terminal/lists.ts";
import { LogScreen } from "#clients/terminal/log-screen.ts";
import { QuestionScreen } from "#clients/terminal/question-screen.ts";
import type { Desk, Screen } from "#clients/terminal/screen.ts";
import { type ScreenName, screenNames } from "#clients/terminal/screen-names.ts";
import { TextScreen } from "#clients/terminal/text-screen.ts";
import { SdkError } from "#sdk/sdk-error.ts";

export interface TerminalOptions {
  client: GatewayClient;
  target: Target;
  model: { provider: string; model: string } | null;
  /** Session to go on with; a new one when null. */
  sessionId: string | null;
}

const inboxEveryMs = 3000;
const noticeMs = 8000;

/** Everything that the terminal client knows; the screen is drawn from it, and keys come in here. */
export class Terminal implements Desk {
  readonly client: GatewayClient;
  readonly changes = new Changes();
  /** What is being written: a message, an answer, or a command. */
  readonly editor = new LineEditor();
  /** Draws everything again, after something else wrote onto the screen. */
  onRedraw: () => void = () => undefined;
  readonly #quit = Promise.withResolvers<void>();
  #options: TerminalOptions;
  #screens: Record<ScreenName, Screen>;
  #chat: Chat;
  #current: ScreenName = "chat";
  /** Views that were opened above the current one. */
  #above: Screen[] = [];
  #isCommand = false;
  /** Keys of the chat steer the screen instead of writing a message. */
  #isLetting = false;
  #confirming: { question: string; act: () => Promise<void> } | null = null;
  #notice = "";
  #noticeTimer: ReturnType<typeof setTimeout> | null = null;
  #inboxTimer: ReturnType<typeof setTimeout> | null = null;
  #isConnected = true;
  #asking = 0;
  #isOver = false;

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.client = options.client;
    this.#chat = this.#newChat(options.sessionId ?? newHexId());
    this.#screens = {
      chat: new ChatScreen(this, this.#chat),
      sessions: sessionsScreen(this),
      runs: runsScreen(this),
      inbox: inboxScreen(this),
      schedules: schedulesScreen(this),
    };
    if (options.sessionId !== null) void this.#chat.load();
    void this.#watchInbox();
  }

  get screen(): Screen {
    return this.#above.at(-1) ?? this.#screens[this.#current];
  }

  get current(): ScreenName {
    return this.#current;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Open questions of all runs. */
  get asking(): number {
    return this.#asking;
  }

  get sessionId(): string {
    return this.#chat.sessionId;
  }

  get hasTurns(): boolean {
    return this.#chat.turns.length > 0;
  }

  /** The word before the line that is written; null when nothing is. */
  get writing(): string | null {
    if (this.#isCommand) return "/";
    return this.#isLetting && this.screen === this.#screens.chat ? null : this.screen.writing;
  }

  get notice(): string {
    return this.#confirming ? `${this.#confirming.question} y/n` : this.#notice;
  }

  get hint(): string {
    if (this.#isCommand) return "new · bundle · model · session · run · log · cancel · help · quit · esc back";
    return this.#isLetting && this.screen === this.#screens.chat ? "i write · j k scroll · q leave" : this.screen.hint;
  }

  /** Resolves when somebody leaves. */
  get quit(): Promise<void> {
    return this.#quit.promise;
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#chat.close();
    this.screen.close?.();
    for (const screen of this.#above) if (screen instanceof LogScreen) screen.end();
    for (const timer of [this.#noticeTimer, this.#inboxTimer]) if (timer) clearTimeout(timer);
    this.changes.stop();
    this.#quit.resolve();
  }

  tell(): void {
    if (!this.#isOver) this.changes.tell();
  }

  notify(text: string): void {
    if (this.#isOver) return;
    this.#notice = safe(text, 500);
    if (this.#noticeTimer) clearTimeout(this.#noticeTimer);
    this.#noticeTimer = setTimeout(() => {
      this.#notice = "";
      this.changes.now();
    }, noticeMs);
    this.changes.tell();
  }

  connection(isThere: boolean): void {
    if (this.#isConnected === isThere) return;
    this.#isConnected = isThere;
    this.tell();
  }

  confirm(question: string, act: () => Promise<void>): void {
    this.#confirming = { question, act };
  }

  attempt(act: () => Promise<void>): void {
    act().catch((error: unknown) => {
      if (error instanceof SdkError && error.status === null) this.connection(false);
      this.notify(messageOf(error));
    });
  }

  go(name: ScreenName): void {
    this.screen.close?.();
    this.#endAbove();
    this.#current = name;
    this.#isLetting = false;
    this.screen.open?.();
  }

  openSession(sessionId: string): void {
    if (sessionId !== this.#chat.sessionId) {
      this.#useChat(this.#newChat(sessionId));
      void this.#chat.load();
    }
    this.go("chat");
  }

  openLog(runId: string): void {
    this.#put(new LogScreen(this, runId));
  }

  openText(title: string, text: string): void {
    this.#put(new TextScreen(this, title, text));
  }

  /** Of the run, or of a child that asks for it, as an agent's does. */
  openQuestion(runId: string): void {
    this.attempt(async () => {
      const asking = await askingRuns(this.client);
      const run = asking.find((each) => each.run_id === runId) ?? asking.find((each) => each.parent_run_id === runId);
      if (!run) return this.notify("The run asks nothing now.");
      this.#put(new QuestionScreen(this, run.run_id));
    });
  }

  back(): void {
    const gone = this.#above.pop();
    gone?.close?.();
    if (gone instanceof LogScreen) gone.end();
    this.editor.set("");
    if (gone) this.screen.open?.();
    this.tell();
  }

  /** A text that was pasted comes whole: its line breaks send nothing. */
  paste(text: string): void {
    if (this.writing === null) return;
    this.editor.insert(text.replaceAll("\r\n", "\n").replaceAll("\r", "\n"));
    this.changes.now();
  }

  key(key: Key): void {
    if (this.#isOver) return;
    if (key.name === "control" && key.text === "c") return this.end();
    if (key.name === "control" && key.text === "l") return this.onRedraw();
    if (this.#confirming) return this.#answerConfirmation(key);
    if (this.#isCommand) return this.#commandKey(key);
    if (this.writing !== null) return this.#writingKey(key);
    if (key.name === "text" && key.text === "i" && this.#isLetting) {
      this.#isLetting = false;
      return;
    }
    if (this.screen.key(key)) return;
    this.#commonKey(key);
  }

  #answerConfirmation(key: Key): void {
    const act = this.#confirming?.act;
    this.#confirming = null;
    if (act && key.name === "text" && /^y$/i.test(key.text)) this.attempt(act);
  }

  #writingKey(key: Key): void {
    const { editor, screen } = this;
    // While nothing is written yet, some keys are what they are elsewhere.
    if (editor.isEmpty && this.#emptyLineKey(key)) return;
    if (key.name === "enter") return this.#submit();
    if (key.name === "pageUp" || key.name === "pageDown" || key.name === "control") {
      if (screen.key(key)) return;
    }
    if (key.name === "tab" || key.name === "backTab") return this.#commonKey(key);
    if (key.name === "escape") {
      if (!editor.isEmpty) return editor.set("");
      if (!screen.key(key)) this.#isLetting = true;
      return;
    }
    editLine(editor, key);
  }

  #emptyLineKey(key: Key): boolean {
    if (key.name !== "text") return false;
    if (key.text === "?" || key.text === "/") this.#commonKey(key);
    else return this.screen.key(key);
    return true;
  }

  #submit(): void {
    const text = this.editor.take();
    if (text.trim() === "") return;
    this.attempt(async () => {
      try {
        await this.screen.submit?.(text);
      } catch (error) {
        // What was written is not lost because the gateway is away.
        if (this.editor.isEmpty) this.editor.set(text);
        throw error;
      }
    });
  }

  #commandKey(key: Key): void {
    if (key.name === "escape" || (key.name === "backspace" && this.editor.isEmpty)) {
      this.#isCommand = false;
      return this.editor.set("");
    }
    if (key.name !== "enter") return editLine(this.editor, key);
    this.#isCommand = false;
    const line = this.editor.take();
    if (line.trim() !== "") this.attempt(async () => this.#obey(orderOf(line)));
  }

  #commonKey({ name, text }: Key): void {
    const index = screenNames.indexOf(this.#current);
    const next = screenNames[(index + (name === "backTab" ? screenNames.length - 1 : 1)) % screenNames.length];
    if ((name === "tab" || name === "backTab") && next) return this.go(next);
    if (name !== "text") return;
    const numbered = /^[1-5]$/.test(text) ? screenNames[Number(text) - 1] : undefined;
    if (numbered) this.go(numbered);
    else if (text === "?") this.openText("Help", helpText);
    else if (text === "/" || text === ":") this.#isCommand = true;
    else if (text === "q") this.end();
  }

  async #obey(order: Order): Promise<void> {
    switch (order.kind) {
      case "go":
        return this.go(order.screen);
      case "new":
        if (order.target) this.#options = { ...this.#options, target: order.target };
        return this.#showChat(newHexId());
      case "bundle":
        this.#options = { ...this.#options, target: order.target };
        return this.openAgain();
      case "model":
        this.#options = { ...this.#options, model: order.model };
        return this.openAgain();
      case "session":
        return this.openSession(order.id);
      case "run":
        return this.openLog(await this.client.start({ ...order.target, input_data: order.input }));
      case "log":
        return this.openLog(order.runId);
      case "cancel":
        return this.#chat.cancel();
      case "help":
        return this.openText("Help", helpText);
      case "quit":
        return this.end();
    }
  }

  /** The same session, with what was chosen for the next messages. */
  openAgain(): void {
    this.#chat.use(this.#options);
    this.go("chat");
  }

  #showChat(sessionId: string): void {
    this.#useChat(this.#newChat(sessionId));
    this.go("chat");
  }

  #newChat(sessionId: string): Chat {
    return new Chat({
      client: this.#options.client,
      sessionId,
      target: this.#options.target,
      model: this.#options.model,
      tell: () => this.tell(),
      notify: (text) => this.notify(text),
      onConnection: (isThere) => this.connection(isThere),
    });
  }

  #useChat(chat: Chat): void {
    this.#chat.close();
    this.#chat = chat;
    this.#screens.chat = new ChatScreen(this, chat);
  }

  #put(screen: Screen): void {
    this.screen.close?.();
    this.#above.push(screen);
    this.editor.set("");
    screen.open?.();
    this.tell();
  }

  #endAbove(): void {
    for (const screen of this.#above) if (screen instanceof LogScreen) screen.end();
    this.#above = [];
    this.editor.set("");
  }

  async #watchInbox(): Promise<void> {
    try {
      const asking = (await askingRuns(this.client)).length;
      if (asking !== this.#asking) this.tell();
      this.#asking = asking;
      this.connection(true);
    } catch (error) {
      if (error instanceof SdkError && error.status === null) this.connection(false);
    }
    if (!this.#isOver) this.#inboxTimer = setTimeout(() => void this.#watchInbox(), inboxEveryMs);
  }
}
