import { useQuery } from "@tanstack/react-query";
import { Plus, Webhook } from "lucide-react";
import { useState } from "react";
import { NewSecret } from "#console/people/new-secret.tsx";
import { useClient } from "#console/session/session.tsx";
import { Button } from "#console/ui/button.tsx";
import { Dialog } from "#console/ui/dialog.tsx";
import { Bones, Empty } from "#console/ui/empty.tsx";
import { TextField } from "#console/ui/fields.tsx";
import { PageHead } from "#console/ui/page-head.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { useAction } from "#console/ui/use-action.ts";
import { WebhookCard } from "#console/webhooks/webhook-card.tsx";

export function WebhooksView() {
  const client = useClient();
  const [open, setOpen] = useState<"new" | { secret: string } | null>(null);
  const webhooks = useQuery({ queryKey: ["webhooks"], queryFn: () => client.webhooks.list() });
  return (
    <div className="stack">
      <PageHead
        title="Webhooks"
        about="Other servers that are told, with a signature, when a run starts, waits or ends."
      >
        <Button kind="primary" onClick={() => setOpen("new")}>
          <Plus size={16} />
          Add a webhook
        </Button>
      </PageHead>
      {webhooks.error && <Problem>{messageOf(webhooks.error)}</Problem>}
      {webhooks.isPending && (
        <div className="panel">
          <Bones rows={2} />
        </div>
      )}
      {webhooks.data?.length === 0 && (
        <div className="panel">
          <Empty icon={Webhook} title="Nobody is told yet">
            <p>
              Give the address of a server. It gets one signed message for each event, again and again until it takes
              it.
            </p>
          </Empty>
        </div>
      )}
      <div className="cards">
        {webhooks.data?.map((webhook) => (
          <WebhookCard key={webhook.id} webhook={webhook} />
        ))}
      </div>
      {open === "new" && <NewWebhook onClose={() => setOpen(null)} onMade={(secret) => setOpen({ secret })} />}
      {typeof open === "object" && open && (
        <NewSecret title="The webhook's secret" secret={open.secret} onClose={() => setOpen(null)} />
      )}
    </div>
  );
}

function NewWebhook({ onClose, onMade }: { onClose: () => void; onMade: (secret: string) => void }) {
  const client = useClient();
  const [url, setUrl] = useState("");
  const [description, setDescription] = useState("");
  const [events, setEvents] = useState("");
  const create = useAction({
    run: () =>
      client.webhooks.create({
        url: url.trim(),
        description: description.trim(),
        ...(events.trim() ? { events: events.split(/[\s,]+/).filter(Boolean) } : {}),
      }),
    changes: [["webhooks"]],
    after: ({ secret }) => (secret === undefined ? onClose() : onMade(secret)),
  });
  return (
    <Dialog title="Add a webhook" onClose={onClose}>
      <TextField label="Address" type="url" placeholder="https://example.org/hook" value={url} onChange={setUrl} />
      <TextField label="What it is for" value={description} onChange={setDescription} />
      <TextField
        label="Events"
        hint="Such as run.completed, run.failed. Empty: all."
        value={events}
        onChange={setEvents}
      />
      <footer>
        <Button kind="primary" disabled={url.trim() === "" || create.isPending} onClick={() => create.mutate()}>
          Add it
        </Button>
      </footer>
    </Dialog>
  );
}
