import type { JsonObject } from "#core/value.ts";

/** What webhooks tell of. `webhook.test` is sent only when somebody asks for it. */
export const webhookEvents = ["run.started", "run.waiting", "run.completed", "run.failed", "run.cancelled"] as const;
export type WebhookEvent = (typeof webhookEvents)[number];

/** The body of a delivery, as Standard Webhooks has it. */
export interface WebhookMessage {
  type: WebhookEvent | "webhook.test";
  timestamp: string;
  data: JsonObject;
}

/** What one attempt of a delivery came to. */
export interface WebhookAttempt {
  delivered: boolean;
  /** HTTP status, when there was an answer. */
  status: number | null;
  error: string | null;
  /** ISO time of the next attempt; null when there will be none. */
  retry_at: string | null;
}

/** Prefix of the workflow ids of deliveries: each is a run of its own. */
export const webhookPrefix = "__webhook:";

export function isWebhookWorkflow(workflowId: string): boolean {
  return workflowId.startsWith(webhookPrefix);
}
