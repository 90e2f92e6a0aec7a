import { join } from "node:path";
import { keyFile } from "#app/json-file.ts";
import { createAnswerTokens } from "#auth/answer-tokens.ts";
import type { Settings } from "#config/settings.ts";
import { systemClock } from "#core/time.ts";
import type { LinkServices } from "#http/services.ts";

export function createLinks({ dataDir, secretKey, publicUrl }: Settings): LinkServices {
  const key = secretKey === null ? keyFile(join(dataDir, "config", "secret.key")) : () => secretKey;
  return { tokens: createAnswerTokens({ key, now: systemClock }), publicUrl };
}
