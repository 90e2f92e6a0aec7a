import type { GatewayClient } from "#sdk/client.ts";
import type { Key } from "#clients/terminal/key.ts";
import type { Line } from "#clients/terminal/line.ts";
import type { ScreenName } from "#clients/terminal/screen-names.ts";

/** One of the views that fill the middle of the terminal. */
export interface Screen {
  /** Said above it. From outside only what is safe. */
  readonly title: string;
  /** Keys that do something here, in a few words. */
  readonly hint: string;
  /** Keys are text for the line below; null: they are commands. The word stands before the line. */
  readonly writing: string | null;
  /** At most `height` lines, none wider than `width`. */
  lines(width: number, height: number): Line[];
  /** True when the key meant something. */
  key(key: Key): boolean;
  /** A line was written. Throws what the gateway says. */
  submit?(text: string): Promise<void>;
  /** It is shown from now on, and no longer. */
  open?(): void;
  close?(): void;
}

/** What a screen may do beyond itself. */
export interface Desk {
  readonly client: GatewayClient;
  /** Something changed on the screen. */
  tell(): void;
  notify(text: string): void;
  /** Whether the gateway answers. */
  connection(isThere: boolean): void;
  /** Asks yes or no, and acts on yes. */
  confirm(question: string, act: () => Promise<void>): void;
  /** Does it, and shows what went wrong. */
  attempt(act: () => Promise<void>): void;
  go(name: ScreenName): void;
  openSession(sessionId: string): void;
  openLog(runId: string): void;
  openText(title: string, text: string): void;
  openQuestion(runId: string): void;
  /** Back to where one came from. */
  back(): void;
}
