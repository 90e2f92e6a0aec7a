import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ModelChoice } from "#console/models/model-choice.tsx";
import { useClient, useWho } from "#console/session/session.tsx";
import { Button } from "#console/ui/button.tsx";
import { Dialog } from "#console/ui/dialog.tsx";
import { Bones } from "#console/ui/empty.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { useAction } from "#console/ui/use-action.ts";
import type { CapabilityRoute } from "#sdk/config.ts";

/** Which model is used where a flow names none. */
export function Defaults() {
  const client = useClient();
  const isAdmin = useWho().principal.admin;
  const [changed, setChanged] = useState<CapabilityRoute | null>(null);
  const defaults = useQuery({ queryKey: ["defaults"], queryFn: () => client.config.defaults() });
  return (
    <section className="panel">
      <header>
        <h2>Defaults</h2>
      </header>
      {defaults.error && <Problem>{messageOf(defaults.error)}</Problem>}
      {defaults.isPending && <Bones rows={3} />}
      {defaults.data && (
        <div className="table-frame">
          <table className="table">
            <thead>
              <tr>
                <th>For</th>
                <th>Provider</th>
                <th>Model</th>
                <th>From</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {defaults.data.routes.map((route) => (
                <tr key={route.key}>
                  <td>{route.key}</td>
                  <td>{route.provider ?? <span className="quiet">–</span>}</td>
                  <td className="mono">{route.model ?? <span className="quiet">–</span>}</td>
                  <td className="quiet">{sources[route.source]}</td>
                  <td className="actions">
                    {defaults.data.writable && isAdmin && (
                      <Button size="small" onClick={() => setChanged(route)}>
                        Change
                      </Button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {changed && <ChangeDefault route={changed} onClose={() => setChanged(null)} />}
    </section>
  );
}

const sources: Record<CapabilityRoute["source"], string> = {
  gateway_config: "set here",
  environment: "environment",
  discovered: "found",
  none: "none",
};

function ChangeDefault({ route, onClose }: { route: CapabilityRoute; onClose: () => void }) {
  const client = useClient();
  const [choice, setChoice] = useState({ provider: route.provider ?? "", model: route.model ?? "" });
  const save = useAction({
    run: () => client.config.setDefault(route, choice),
    changes: [["defaults"], ["providers"]],
    done: "Changed.",
    after: onClose,
  });
  const clear = useAction({
    run: () => client.config.clearDefault(route),
    changes: [["defaults"], ["providers"]],
    done: "Forgotten.",
    after: onClose,
  });
  return (
    <Dialog title={`Default for ${route.key}`} onClose={onClose}>
      <div className="row">
        <ModelChoice {...choice} onChange={(provider, model) => setChoice({ provider, model })} />
      </div>
      <footer>
        {route.source === "gateway_config" && (
          <Button kind="danger" onClick={() => clear.mutate()}>
            Forget it
          </Button>
        )}
        <Button
          kind="primary"
          disabled={!choice.provider || !choice.model || save.isPending}
          onClick={() => save.mutate()}
        >
          Use it
        </Button>
      </footer>
    </Dialog>
  );
}
