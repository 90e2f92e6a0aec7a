import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "#console/session/session.tsx";
import { Button } from "#console/ui/button.tsx";
import { Bones } from "#console/ui/empty.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { Ago } from "#console/ui/time.tsx";
import { useAction } from "#console/ui/use-action.ts";
import type { WebhookItem } from "#sdk/webhooks.ts";

export function WebhookCard({ webhook }: { webhook: WebhookItem }) {
  const client = useClient();
  const changes = [["webhooks"]];
  const test = useAction({ run: () => client.webhooks.test(webhook.id), changes, done: "A message is on its way." });
  const hold = useAction({
    run: () => client.webhooks.update(webhook.id, { enabled: !webhook.enabled }),
    changes,
  });
  const remove = useAction({ run: () => client.webhooks.remove(webhook.id), changes, done: "Removed." });
  return (
    <article className="panel card">
      <header>
        <strong className="cut" title={webhook.url}>
          {webhook.description || webhook.url}
        </strong>
        <span className="tag">{webhook.enabled ? "on" : "off"}</span>
      </header>
      <div className="body stack">
        <dl className="facts">
          <dt>Address</dt>
          <dd className="mono">{webhook.url}</dd>
          <dt>Events</dt>
          <dd>{webhook.events.length > 0 ? webhook.events.join(", ") : "all"}</dd>
        </dl>
        {(webhook.last_error ?? webhook.disabled_reason) && (
          <Problem>{webhook.disabled_reason ?? webhook.last_error}</Problem>
        )}
        <div className="row">
          <Button size="small" onClick={() => test.mutate()} disabled={test.isPending}>
            Send a test
          </Button>
          <Button size="small" onClick={() => hold.mutate()} disabled={hold.isPending}>
            {webhook.enabled ? "Switch off" : "Switch on"}
          </Button>
          <Button size="small" kind="danger" onClick={() => remove.mutate()}>
            Remove
          </Button>
        </div>
        <Deliveries webhookId={webhook.id} />
      </div>
    </article>
  );
}

function Deliveries({ webhookId }: { webhookId: string }) {
  const client = useClient();
  const [isOpen, setOpen] = useState(false);
  const deliveries = useQuery({
    queryKey: ["webhooks", webhookId, "deliveries"],
    queryFn: () => client.webhooks.deliveries(webhookId),
    enabled: isOpen,
    refetchInterval: 3000,
  });
  return (
    <details className="fold flat" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Messages</summary>
      {deliveries.error && <Problem>{messageOf(deliveries.error)}</Problem>}
      {deliveries.isLoading && <Bones rows={2} />}
      {deliveries.data?.length === 0 && <p className="quiet small">None yet.</p>}
      <ul className="small numbers">
        {deliveries.data?.map((delivery) => (
          <li key={delivery.id} className="row spread">
            <span>{delivery.event}</span>
            <span title={delivery.last_error ?? ""}>
              {delivery.status} {delivery.last_status ?? ""}
            </span>
            <Ago at={delivery.created_at} />
          </li>
        ))}
      </ul>
    </details>
  );
}
