import { join, resolve } from "node:path";
import { AppError } from "#core/errors.ts";
import type { VariableReader } from "#config/reader.ts";
import type { TelegramSettings } from "#config/settings.ts";
import { telegram } from "#config/variables/telegram.ts";

/** Null without a bot. AppError `invalid_request` for a bridge without one, and a webhook without its secret. */
export function telegramSettings(
  read: VariableReader,
  { cwd, dataDir }: { cwd: string; dataDir: string },
): (TelegramSettings & { serves: boolean }) | null {
  const serves = read.get(telegram.bridge);
  const token = read.get(telegram.botToken);
  // It has one value; another one must not be passed over in silence.
  read.get<string>(telegram.transport);
  const state = read.get(telegram.statePath);
  const settings = {
    serves,
    apiRoot: read.get(telegram.apiRoot),
    webhook: webhookSettings(read),
    pollTimeoutS: read.get(telegram.pollTimeoutS),
    dmPolicy: read.get(telegram.dmPolicy),
    groupPolicy: read.get(telegram.groupPolicy),
    requiresMention: read.get(telegram.requiresMention),
    allowedUsers: read.get(telegram.allowedUsers),
    allowedChats: read.get(telegram.allowedChats),
    groupAllowedUsers: read.get(telegram.groupAllowedUsers),
    adminUsers: read.get(telegram.adminUsers),
    storesMedia: read.get(telegram.storesMedia),
    typingIntervalMs: read.get(telegram.typingIntervalS) * 1000,
    typingMaxMs: read.get(telegram.typingMaxS) * 1000,
    questionsMs: read.get(telegram.questionsS) * 1000,
    resetMessage: read.get(telegram.resetMessage) ?? "A new session begins.",
    retryMs: { first: read.get(telegram.retryFirstS) * 1000, longest: read.get(telegram.retryLongestS) * 1000 },
    bundleId: read.get(telegram.bundleId) ?? "agent",
    flowId: read.get(telegram.flowId),
    provider: read.get(telegram.provider),
    model: read.get(telegram.model),
    sessionPrefix: read.get(telegram.sessionPrefix) ?? "telegram:",
    maxHistoryMessages: read.get(telegram.maxHistoryMessages),
    stateFile: state === null ? join(dataDir, "telegram_bridge_state.json") : resolve(cwd, state),
    gatewayToken: read.get(telegram.gatewayToken),
  };
  if (token !== null) return { ...settings, token };
  if (!serves) return null;
  throw new AppError("invalid_request", "ABSTRACT_TELEGRAM_BRIDGE needs ABSTRACT_TELEGRAM_BOT_TOKEN");
}

function webhookSettings(read: VariableReader): TelegramSettings["webhook"] {
  const url = read.get(telegram.webhookUrl);
  const secret = read.get(telegram.webhookSecret);
  const listening = { host: read.get(telegram.webhookHost) ?? "127.0.0.1", port: read.get(telegram.webhookPort) };
  if (url === null) return null;
  if (secret === null) {
    throw new AppError("invalid_request", "ABSTRACT_TELEGRAM_WEBHOOK_URL needs ABSTRACT_TELEGRAM_WEBHOOK_SECRET");
  }
  return { url, secret, ...listening };
}
