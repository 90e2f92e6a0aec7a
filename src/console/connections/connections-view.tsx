import { useQuery } from "@tanstack/react-query";
import { Cable, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { ConnectionDialog } from "#console/connections/connection-dialog.tsx";
import { useClient } from "#console/session/session.tsx";
import { Button, IconButton } from "#console/ui/button.tsx";
import { Bones, Empty } from "#console/ui/empty.tsx";
import { PageHead } from "#console/ui/page-head.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { useAction } from "#console/ui/use-action.ts";
import type { Connection } from "#sdk/config.ts";

export function ConnectionsView() {
  const client = useClient();
  const [isAdding, setAdding] = useState(false);
  const connections = useQuery({ queryKey: ["connections"], queryFn: () => client.config.connections() });
  return (
    <div className="stack">
      <PageHead
        title="Connections"
        about="Servers of models. A flow names one as provider endpoint:id; its key is kept encrypted and never shown."
      >
        <Button kind="primary" onClick={() => setAdding(true)}>
          <Plus size={16} />
          Add a connection
        </Button>
      </PageHead>
      {connections.error && <Problem>{messageOf(connections.error)}</Problem>}
      {connections.isPending && (
        <div className="panel">
          <Bones rows={3} />
        </div>
      )}
      {connections.data?.profiles.length === 0 && (
        <div className="panel">
          <Empty icon={Cable} title="No connection yet">
            <p>Any server that speaks OpenAI's API will do: llama-server, vLLM, LM Studio, Ollama, or a cloud.</p>
          </Empty>
        </div>
      )}
      <div className="cards">
        {connections.data?.profiles.map((connection) => (
          <ConnectionCard key={connection.id} connection={connection} />
        ))}
      </div>
      {isAdding && connections.data && (
        <ConnectionDialog canShare={connections.data.can_create_gateway_scope} onClose={() => setAdding(false)} />
      )}
    </div>
  );
}

function placeOf({ enabled, synthetic, scope }: Connection): string {
  if (!enabled) return "off";
  if (synthetic) return "found";
  return scope === "gateway" ? "for everybody" : "yours";
}

function ConnectionCard({ connection }: { connection: Connection }) {
  const client = useClient();
  const [models, setModels] = useState<string | null>(null);
  const test = useAction({
    run: () => client.config.discoverModels({ profile_id: connection.id }),
    after: (found) =>
      setModels(
        found.error ?? (found.models.length === 0 ? "It answers, and names no models." : found.models.join(", ")),
      ),
  });
  const change = useAction({
    run: (enabled: boolean) => client.config.updateConnection(connection.id, { enabled }),
    changes: [["connections"], ["providers"]],
  });
  const remove = useAction({
    run: () => client.config.removeConnection(connection.id),
    changes: [["connections"], ["providers"]],
    done: `${connection.display_name} is removed.`,
  });
  return (
    <article className="panel card" aria-label={connection.display_name}>
      <header>
        <strong className="cut">{connection.display_name}</strong>
        <span className="tag">{placeOf(connection)}</span>
      </header>
      <div className="body stack">
        <dl className="facts">
          <dt>Provider</dt>
          <dd className="mono">{connection.virtual_provider}</dd>
          <dt>Kind</dt>
          <dd>{connection.provider_family}</dd>
          <dt>Address</dt>
          <dd className="mono">{connection.base_url ?? "its own"}</dd>
          <dt>Key</dt>
          <dd className="mono">{connection.api_key_set ? (connection.api_key_fingerprint ?? "set") : "none"}</dd>
        </dl>
        {models !== null && <p className="small">{models}</p>}
        <div className="row">
          <Button size="small" onClick={() => test.mutate()} disabled={test.isPending}>
            {test.isPending ? "Trying…" : "Try it"}
          </Button>
          {!connection.synthetic && (
            <>
              <Button size="small" onClick={() => change.mutate(!connection.enabled)} disabled={change.isPending}>
                {connection.enabled ? "Switch off" : "Switch on"}
              </Button>
              <IconButton label={`Remove ${connection.display_name}`} size="small" onClick={() => remove.mutate()}>
                <Trash2 size={16} />
              </IconButton>
            </>
          )}
        </div>
      </div>
    </article>
  );
}
