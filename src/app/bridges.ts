import { join } from "node:path";
import { jsonFile } from "#app/json-file.ts";
import type { BridgeSettings, EmailSettings, Settings, TelegramSettings } from "#config/settings.ts";
import { AppError } from "#core/errors.ts";
import type { Log } from "#core/log.ts";
import type { Bridge } from "#clients/bridge/channel.ts";
import { takeProcessLock } from "#ledger/sqlite/process-lock.ts";
import { type GatewayClient, createClient } from "#sdk/client.ts";

export interface BridgeGateway {
  url: string;
  log: Log;
}

/** How soon another process notices that it is its turn to run the bridge of a data folder. */
const standbyMs = 2000;
/** Telegram's limit for one chat is about a message a second. */
const editMs = 1500;

/** The bridges that `serve` runs, as clients of its own address. */
export async function serveBridges(settings: Settings, gateway: BridgeGateway): Promise<Bridge> {
  const bridges: Bridge[] = [];
  const { telegram, email } = settings;
  if (telegram?.serves) {
    const token = tokenFor(settings, telegram, "ABSTRACT_TELEGRAM_GATEWAY_TOKEN");
    const sdk = createClient({ baseUrl: gateway.url, token, clientId: "telegram" });
    bridges.push(
      await inTurn(join(settings.dataDir, "telegram_bridge.lock"), () =>
        startTelegramBridge(settings, telegram, sdk, gateway.log),
      ),
    );
  }
  if (email?.serves) {
    const token = tokenFor(settings, email, "ABSTRACT_EMAIL_GATEWAY_TOKEN");
    const sdk = createClient({ baseUrl: gateway.url, token, clientId: "email" });
    const start = () => startEmailBridge(settings, email, { sdk, log: gateway.log });
    bridges.push(await inTurn(join(settings.dataDir, "email_bridge.lock"), start));
  }
  return { stop: async () => void (await Promise.all(bridges.map((each) => each.stop()))) };
}

/** The library is loaded with the bridge, and not before. */
export async function startTelegramBridge(
  settings: Pick<Settings, "publicUrl" | "limits">,
  telegram: TelegramSettings,
  sdk: GatewayClient,
  log: Log,
): Promise<Bridge> {
  const { checkTelegram, startTelegram } = await import("#clients/telegram/telegram.ts");
  checkTelegram(telegram);
  return startTelegram(sdk, {
    ...telegram,
    log,
    editMs,
    hasLinks: settings.publicUrl !== null,
    maxFileBytes: settings.limits.maxAttachmentBytes,
    patience: { firstMs: telegram.retryMs.first, longestMs: telegram.retryMs.longest },
    state: jsonFile(telegram.stateFile),
  });
}

export async function startEmailBridge(
  settings: Pick<Settings, "publicUrl">,
  email: EmailSettings,
  { sdk, log }: { sdk: GatewayClient; log: Log },
): Promise<Bridge> {
  const { startEmail } = await import("#clients/email/email.ts");
  return startEmail(sdk, {
    ...email,
    log,
    hasLinks: settings.publicUrl !== null,
    patience: { firstMs: email.retryMs.first, longestMs: email.retryMs.longest },
    state: jsonFile(email.stateFile),
  });
}

function tokenFor(
  { auth }: Settings,
  { gatewayToken }: Pick<BridgeSettings, "gatewayToken">,
  variable: string,
): string | null {
  if (gatewayToken !== null) return gatewayToken;
  if (auth.users.enabled) {
    throw new AppError("invalid_request", `Among several users a bridge needs the token of one: set ${variable}`);
  }
  return auth.tokens[0] ?? null;
}

/** Starts a bridge when no other process of the data folder has it: two would take each other's messages. */
async function inTurn(lockPath: string, start: () => Promise<Bridge>): Promise<Bridge> {
  let timer: Timer | null = null;
  let isStopped = false;
  let bridge: Bridge | null = null;
  let release: () => void = () => undefined;
  const attempt = async (): Promise<void> => {
    const lock = isStopped ? null : takeProcessLock(lockPath);
    if (lock) {
      release = () => lock.release();
      bridge = await start();
    } else if (!isStopped) timer = setTimeout(() => void attempt().catch(() => undefined), standbyMs);
  };
  try {
    await attempt();
  } catch (error) {
    release();
    throw error;
  }
  return {
    async stop() {
      isStopped = true;
      if (timer) clearTimeout(timer);
      await bridge?.stop();
      release();
    },
  };
}
