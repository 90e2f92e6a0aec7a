import type { StateFile } from "#clients/bridge/bridge-state.ts";
import type { BridgeOptions } from "#clients/bridge/channel.ts";

export interface EmailAccount {
  name: string;
  /** Address that mail comes from; also the one whose own mail is no message. */
  from: string;
  replyTo: string | null;
  imap: { host: string; port: number; isSecure: boolean; user: string; password: string; folder: string } | null;
  smtp: {
    host: string;
    port: number;
    isSecure: boolean;
    startTls: boolean;
    user: string | null;
    password: string | null;
  } | null;
}

export interface EmailOptions extends Omit<BridgeOptions, "bundleId"> {
  account: EmailAccount;
  /** Null: messages become events, and no run is started. */
  bundleId: string | null;
  eventName: string;
  /** Addresses, or `@domain` for everybody there. */
  allowedSenders: string[];
  /** A message counts only when the receiving server found its sender to be true. */
  requiresAuthentication: boolean;
  /** Name with which that server signs its findings; null: the topmost ones are its. */
  authenticator: string | null;
  /** Who is asked what runs ask that began elsewhere. */
  notifyTo: string | null;
  maxBodyChars: number;
  maxAttachments: number;
  maxAttachmentBytes: number;
  maxTotalBytes: number;
  timeoutMs: number;
  /** A server without IDLE is asked so often. */
  pollMs: number;
  state: StateFile;
}
