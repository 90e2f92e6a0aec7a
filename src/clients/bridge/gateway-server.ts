import type { Log } from "#core/log.ts";
import { SdkError } from "#sdk/sdk-error.ts";
import { type Patience, Server, type Verdict } from "#clients/bridge/persist.ts";

/** The gateway as a server that may be away, restart, or not know the token any more. */
export function gatewayServer(baseUrl: string, log: Log, patience: Patience): Server {
  return new Server({ name: `The gateway at ${baseUrl}`, log, patience, judge });
}

function judge(error: unknown): Verdict {
  if (!(error instanceof SdkError)) return { again: false };
  if (error.status === 401) return { again: true, reason: "it does not accept the bridge's token" };
  if (!error.retryable) return { again: false };
  const afterMs = error.retryAfterS === undefined ? {} : { afterMs: error.retryAfterS * 1000 };
  return { again: true, reason: error.status === null ? "it cannot be reached" : error.message, ...afterMs };
}
