import { Elysia } from "elysia";
import { principalKey } from "#auth/principal.ts";
import { AppError } from "#core/errors.ts";
import { defaultRuntime } from "#core/scope.ts";
import type { NewRun } from "#ledger/ledger.ts";
import type { Access } from "#http/access.ts";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import {
  ChangeWebhook,
  CreateWebhook,
  DeliveriesQuery,
  DeliveryList,
  NewDelivery,
  WebhookList,
  WebhookRemoved,
  WebhookReply,
} from "#http/schemas/webhooks.ts";
import type { Services } from "#http/services.ts";
import { bodyCheck, shownText } from "#http/validation.ts";
import { deliveryJson, webhookJson } from "#http/webhook-json.ts";
import { listDeliveries, messageOfDelivery, readDelivery } from "#webhooks/deliveries.ts";
import { deliveryRun, testMessage } from "#webhooks/delivery-run.ts";
import type { Subscription, SubscriptionInput } from "#webhooks/subscription.ts";

const createBody = bodyCheck(CreateWebhook);
const changeBody = bodyCheck(ChangeWebhook);
const base = "/api/gateway/webhooks";
const path = { webhook_id: "Id of the webhook." };

/** Telling other servers what becomes of runs. */
export function webhookRoutes(context: RouteContext) {
  return new Elysia().use(listRoutes(context)).use(changeRoutes(context)).use(deliveryRoutes(context));
}

async function bodyOf(access: Access, request: Request): Promise<unknown> {
  return (await readJsonBody(request, access.bodyLimitBytes(request), { floats: false })).value;
}

/** Whoever works in another runtime does not see it. */
function ownWebhook(services: Services, id: string): Subscription {
  const found = services.webhooks.store.get(id);
  if (found && isOwn(services, found)) return found;
  throw new AppError("not_found", `Webhook '${shownText(id)}' not found`);
}

function isOwn({ ledger }: Services, { runtimeId }: Subscription): boolean {
  return ledger.scope.runtimeId === null || ledger.scope.runtimeId === runtimeId;
}

/** A name that cannot be resolved now may be there later; an address inside the network stays one. */
async function checkUrl({ webhooks }: Services, url: string, signal: AbortSignal): Promise<void> {
  try {
    await webhooks.checkUrl(url, signal);
  } catch (error) {
    if (error instanceof AppError && error.code === "unavailable") return;
    if (!(error instanceof AppError)) throw error;
    throw new AppError("invalid_request", `url: ${error.message}`, { cause: error });
  }
}

function listRoutes({ access }: RouteContext) {
  return new Elysia()
    .get(
      base,
      ({ request, set }) => {
        const services = access.services(request);
        const own = services.webhooks.store.list().filter((each) => isOwn(services, each));
        return reply(set, { items: own.map((each) => webhookJson(each, services.webhooks.health)) });
      },
      operation({ id: "listWebhooks", summary: "List webhooks", tag: "webhooks", response: WebhookList }),
    )
    .post(
      base,
      async ({ request, set }) => {
        const services = access.services(request);
        const body = createBody.check(await bodyOf(access, request));
        const principal = access.principal(request);
        await checkUrl(services, body.url, request.signal);
        const owner = {
          runtimeId: services.ledger.scope.runtimeId ?? defaultRuntime,
          createdBy: principalKey(principal),
        };
        const { subscription, secret } = await services.webhooks.store.create(
          { ...inputOf(body), url: body.url },
          owner,
        );
        return reply(set, { ...webhookJson(subscription, services.webhooks.health), secret });
      },
      operation({
        id: "createWebhook",
        summary: "Have another server told of what becomes of runs",
        description:
          "Messages are signed by the rules of Standard Webhooks. The secret is in this reply and never again.",
        tag: "webhooks",
        body: CreateWebhook,
        response: WebhookReply,
        errors: [400, 409, 413],
      }),
    )
    .get(
      `${base}/:webhook_id`,
      ({ params, request, set }) => {
        const services = access.services(request);
        const own = ownWebhook(services, params.webhook_id);
        return reply(set, webhookJson(own, services.webhooks.health));
      },
      operation({
        id: "readWebhook",
        summary: "Read a webhook",
        tag: "webhooks",
        path,
        response: WebhookReply,
        errors: [404],
      }),
    );
}

function changeRoutes({ access }: RouteContext) {
  return new Elysia()
    .patch(
      `${base}/:webhook_id`,
      async ({ params, request, set }) => {
        const services = access.services(request);
        const own = ownWebhook(services, params.webhook_id);
        const body = changeBody.check(await bodyOf(access, request));
        if (body.url !== undefined) await checkUrl(services, body.url, request.signal);
        const { subscription, secret } = await services.webhooks.store.change(own.id, inputOf(body));
        return reply(set, {
          ...webhookJson(subscription, services.webhooks.health),
          ...(secret === null ? {} : { secret }),
        });
      },
      operation({
        id: "changeWebhook",
        summary: "Change a webhook, switch it on or off, or give it a new secret",
        tag: "webhooks",
        path,
        body: ChangeWebhook,
        response: WebhookReply,
        errors: [400, 404, 413],
      }),
    )
    .delete(
      `${base}/:webhook_id`,
      async ({ params, request, set }) => {
        const services = access.services(request);
        const own = ownWebhook(services, params.webhook_id);
        await services.webhooks.store.remove(own.id);
        return reply(set, { ok: true, deleted: true });
      },
      operation({
        id: "removeWebhook",
        summary: "Remove a webhook",
        tag: "webhooks",
        path,
        response: WebhookRemoved,
        errors: [404],
      }),
    );
}

function deliveryRoutes({ access }: RouteContext) {
  return new Elysia()
    .post(
      `${base}/:webhook_id/test`,
      async ({ params, request, set }) => {
        const services = access.services(request);
        const own = ownWebhook(services, params.webhook_id);
        return reply(set, await startDelivery(services, deliveryRun(own, testMessage(own, services.now()), services)));
      },
      operation({
        id: "testWebhook",
        summary: "Send a message of the type webhook.test",
        tag: "webhooks",
        path,
        response: NewDelivery,
        errors: [404],
      }),
    )
    .get(
      `${base}/:webhook_id/deliveries`,
      async ({ params, request, set }) => {
        const services = access.services(request);
        const own = ownWebhook(services, params.webhook_id);
        const runs = await listDeliveries(services.ledger, own.id, readQuery(request.url, DeliveriesQuery).limit);
        return reply(set, { items: await Promise.all(runs.map((run) => deliveryJson(services.ledger, run))) });
      },
      operation({
        id: "listWebhookDeliveries",
        summary: "List what was sent, what is still tried and what failed",
        tag: "webhooks",
        path,
        query: DeliveriesQuery,
        response: DeliveryList,
        errors: [404],
      }),
    )
    .post(
      `${base}/:webhook_id/deliveries/:delivery_id/redeliver`,
      async ({ params, request, set }) => {
        const services = access.services(request);
        const own = ownWebhook(services, params.webhook_id);
        const delivery = await readDelivery(services.ledger, own.id, params.delivery_id);
        const sent = delivery && (await messageOfDelivery(services.ledger, delivery));
        if (!sent) throw new AppError("not_found", `Delivery '${shownText(params.delivery_id)}' not found`);
        const options = { now: services.now, newId: services.newId, messageId: sent.messageId };
        return reply(set, await startDelivery(services, deliveryRun(own, sent.message, options)));
      },
      operation({
        id: "redeliverWebhook",
        summary: "Send a message again, with the same `webhook-id`",
        tag: "webhooks",
        path: { ...path, delivery_id: "Id of a delivery." },
        response: NewDelivery,
        errors: [404],
      }),
    );
}

async function startDelivery({ ledger }: Services, start: NewRun) {
  await ledger.commit({ starts: [start] });
  return { delivery_id: start.run.run_id, message_id: start.run.lifecycle?.["message_id"] };
}

/** The wire's names as ours; what is absent is not given. */
function inputOf(body: Partial<CreateWebhook & ChangeWebhook>): SubscriptionInput {
  const input = {
    url: body.url,
    description: body.description,
    events: body.events,
    bundleIds: body.bundle_ids,
    sessionIds: body.session_ids,
    enabled: body.enabled,
    rotateSecret: body.rotate_secret,
  };
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}
