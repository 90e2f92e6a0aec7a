import type { BridgeOptions } from "#clients/bridge/channel.ts";
import type { StateFile } from "#clients/bridge/bridge-state.ts";

export type ChatPolicy = "allowlist" | "open" | "disabled";

export interface TelegramOptions extends BridgeOptions {
  token: string;
  /** Of the Bot API, without a slash at its end. */
  apiRoot: string;
  /** Null: long polling. */
  webhook: WebhookOptions | null;
  pollTimeoutS: number;
  dmPolicy: ChatPolicy;
  groupPolicy: ChatPolicy;
  /** In groups the bot answers only who names it or replies to it. */
  requiresMention: boolean;
  allowedUsers: string[];
  allowedChats: string[];
  groupAllowedUsers: string[];
  /** Asked about runs that began elsewhere; without any, the only allowed user is. */
  adminUsers: string[];
  storesMedia: boolean;
  typingIntervalMs: number;
  typingMaxMs: number;
  /** Least time between two changes of one message. */
  editMs: number;
  resetMessage: string;
  maxFileBytes: number;
  state: StateFile;
}

export interface WebhookOptions {
  /** Public address that Telegram calls. */
  url: string;
  host: string;
  port: number;
  /** Sent with each call by Telegram and by nobody else. */
  secret: string;
}
