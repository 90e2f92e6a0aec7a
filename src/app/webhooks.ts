import { join } from "node:path";
import { jsonFile, keyFile } from "#app/json-file.ts";
import type { Settings } from "#config/settings.ts";
import { newId } from "#core/ids.ts";
import type { Report } from "#core/log.ts";
import { everything } from "#core/scope.ts";
import { systemClock } from "#core/time.ts";
import type { EffectHandler } from "#effects/effect-handler.ts";
import type { WebhookServices } from "#http/services.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { scopedLedger } from "#ledger/scoped-ledger.ts";
import { createSecretBox } from "#models/config/secret-box.ts";
import type { RunWatch } from "#runner/run-watch.ts";
import { createAddressGuard } from "#tools/web/address-guard.ts";
import { createGuardedFetch } from "#tools/web/guarded-fetch.ts";
import { createAnnouncer } from "#webhooks/announce.ts";
import { webhookDeliveryHandler } from "#webhooks/deliver.ts";
import { keepDeliveriesFew, removeOldDeliveries } from "#webhooks/deliveries.ts";
import { WebhookHealth } from "#webhooks/webhook-health.ts";
import { WebhookStore } from "#webhooks/webhook-store.ts";

export interface Webhooks extends WebhookServices {
  /** Adds deliveries to commits. */
  watch: RunWatch;
  /** Makes the attempts. */
  handler: EffectHandler;
  /** Keeps the deliveries of the ledger few; the answer ends it. */
  keepFew(ledger: Ledger): () => void;
}

/** Everything about webhooks but their routes. */
export function createWebhooks(settings: Settings, report: Report): Webhooks {
  const { dataDir, secretKey } = settings;
  const now = systemClock;
  const folder = join(dataDir, "config");
  const box = createSecretBox(secretKey === null ? keyFile(join(folder, "secret.key")) : () => secretKey);
  const store = new WebhookStore({ file: jsonFile(join(folder, "webhooks.json")), box, now, newId });
  const health = new WebhookHealth(jsonFile(join(folder, "webhook-health.json")));
  const guard = createAddressGuard({ allow: settings.web.allowedHosts });
  return {
    store,
    health,
    checkUrl: async (url, signal) => void (await guard.check(url, { signal })),
    watch: createAnnouncer({
      subscriptions: () => store.list(),
      isActive: (subscription) => health.isActive(subscription),
      now,
      newId,
    }),
    handler: webhookDeliveryHandler({
      store,
      health,
      send: createGuardedFetch(guard),
      now,
      random: Math.random,
      ...settings.webhooks,
      report,
    }),
    keepFew: (ledger) =>
      keepDeliveriesFew(() => {
        const ids = store.list().map(({ id }) => id);
        return removeOldDeliveries(scopedLedger(ledger, everything), ids, now());
      }),
  };
}
