import { type Static, Type as t } from "@sinclair/typebox";
import { webhookEvents } from "#core/webhook.ts";
import { flag, nullable, oneOf, text, textOrNull, time } from "#http/schemas/fields.ts";

const eventWords = `${webhookEvents.join(", ")}; empty: all.`;
const names = (description: string) => t.Array(t.String({ maxLength: 512 }), { maxItems: 100, description });
const url = t.String({ minLength: 1, maxLength: 2048, description: "Where to send to; http or https." });
const description = t.String({ maxLength: 1000, description: "For people." });

const settings = {
  events: names(`Events: ${eventWords}`),
  bundle_ids: names("Only runs of these bundles; empty: of all."),
  session_ids: names("Only runs of these sessions; empty: of all."),
};

const WebhookJson = t.Object(
  {
    id: text("Its id."),
    url: text("Where it sends to."),
    description: text("For people."),
    ...settings,
    enabled: flag("Whether it sends now."),
    disabled_reason: textOrNull("Why it was switched off by itself."),
    failing_since: nullable(time("ISO time."), "Since when every attempt failed."),
    last_error: textOrNull("What went wrong last."),
    created_at: time("When it was made."),
    updated_at: time("When somebody changed it."),
    secret: t.Optional(text("`whsec_…`, for checking signatures: shown when it is made or changed, and never again.")),
  },
  { $id: "Webhook", description: "Who is told of what becomes of runs." },
);
export const WebhookReply = WebhookJson;

export const WebhookList = t.Object(
  { items: t.Array(WebhookJson, { description: "In the order in which they were made." }) },
  { $id: "WebhookList", description: "Webhooks." },
);

export const CreateWebhook = t.Object(
  {
    url,
    description: t.Optional(description),
    events: t.Optional(settings.events),
    bundle_ids: t.Optional(settings.bundle_ids),
    session_ids: t.Optional(settings.session_ids),
    enabled: t.Boolean({ default: true, description: "Whether it sends." }),
  },
  { $id: "CreateWebhook", additionalProperties: false, description: "A webhook." },
);
export type CreateWebhook = Static<typeof CreateWebhook>;

export const ChangeWebhook = t.Object(
  {
    url: t.Optional(url),
    description: t.Optional(description),
    events: t.Optional(settings.events),
    bundle_ids: t.Optional(settings.bundle_ids),
    session_ids: t.Optional(settings.session_ids),
    enabled: t.Optional(t.Boolean({ description: "Whether it sends; true forgives what failed before." })),
    rotate_secret: t.Boolean({ default: false, description: "Make a new secret; the old one signs too for a day." }),
  },
  { $id: "ChangeWebhook", additionalProperties: false, description: "Changes of a webhook." },
);
export type ChangeWebhook = Static<typeof ChangeWebhook>;

export const WebhookRemoved = t.Object(
  { ok: flag("Always true."), deleted: flag("Always true.") },
  { $id: "WebhookRemoved", description: "It is gone; what was under way fails." },
);

const DeliveryJson = t.Object(
  {
    id: text("Its id: that of its run, whose ledger has every attempt."),
    message_id: text("`webhook-id` of the request: the same for every attempt and every repetition."),
    event: text("What it tells of."),
    run_id: textOrNull("Which run it tells of."),
    status: oneOf(["pending", "delivered", "failed"], "How far it is."),
    last_status: nullable(t.Integer(), "HTTP status of the last answer."),
    last_error: textOrNull("What went wrong last."),
    next_attempt_at: nullable(time("ISO time."), "When it is tried again."),
    created_at: time("When the event happened."),
    finished_at: nullable(time("ISO time."), "When it was delivered or given up."),
  },
  { $id: "WebhookDelivery", description: "One message to one webhook." },
);
export const DeliveryList = t.Object(
  { items: t.Array(DeliveryJson, { description: "Newest change first." }) },
  { $id: "WebhookDeliveryList", description: "Deliveries." },
);

export const DeliveriesQuery = t.Object({
  limit: t.Integer({ default: 50, minimum: 1, maximum: 200, description: "At most so many." }),
});

export const NewDelivery = t.Object(
  { delivery_id: text("Id of the delivery."), message_id: text("Its `webhook-id`.") },
  { $id: "NewWebhookDelivery", description: "A delivery was made; it goes out at once." },
);
