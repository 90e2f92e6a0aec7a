import { base } from "#sdk/paths.ts";
import { type Send, readPlainJson } from "#sdk/transport.ts";
import type { ChangeWebhook, CreateWebhook, DeliveryList, WebhookList, WebhookReply } from "#http/schemas/webhooks.ts";

export type WebhookItem = (typeof WebhookList)["static"]["items"][number];
export type Delivery = (typeof DeliveryList)["static"]["items"][number];

/** Other servers that are told of what becomes of runs. */
export interface WebhookCalls {
  list(): Promise<WebhookItem[]>;
  /** With the secret that signs its messages, once. */
  create(body: Partial<(typeof CreateWebhook)["static"]> & { url: string }): Promise<(typeof WebhookReply)["static"]>;
  update(id: string, body: Partial<(typeof ChangeWebhook)["static"]>): Promise<(typeof WebhookReply)["static"]>;
  remove(id: string): Promise<void>;
  test(id: string): Promise<void>;
  deliveries(id: string): Promise<Delivery[]>;
}

export function webhookCalls(send: Send): WebhookCalls {
  const path = (id: string) => `${base}/webhooks/${encodeURIComponent(id)}`;
  return {
    list: async () => (await readPlainJson<{ items: WebhookItem[] }>(await send(`${base}/webhooks`))).items,
    create: async (json) => readPlainJson(await send(`${base}/webhooks`, { method: "POST", json })),
    update: async (id, json) => readPlainJson(await send(path(id), { method: "PATCH", json })),
    remove: async (id) => {
      await readPlainJson(await send(path(id), { method: "DELETE" }));
    },
    test: async (id) => {
      await readPlainJson(await send(`${path(id)}/test`, { method: "POST", json: {} }));
    },
    deliveries: async (id) =>
      (await readPlainJson<{ items: Delivery[] }>(await send(`${path(id)}/deliveries`, { query: { limit: 20 } })))
        .items,
  };
}
