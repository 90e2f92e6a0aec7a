import { useQuery } from "@tanstack/react-query";
import { Cpu, Pin, PinOff } from "lucide-react";
import { Link } from "wouter";
import { Defaults } from "#console/models/defaults.tsx";
import { ProviderModels } from "#console/models/provider-models.tsx";
import { useClient, useWho } from "#console/session/session.tsx";
import { Button } from "#console/ui/button.tsx";
import { Bones, Empty } from "#console/ui/empty.tsx";
import { PageHead } from "#console/ui/page-head.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { bytes } from "#console/ui/time.tsx";
import { useAction } from "#console/ui/use-action.ts";
import type { ResidentModel } from "#sdk/wire.ts";

export function ModelsView() {
  const client = useClient();
  const isAdmin = useWho().principal.admin;
  const providers = useQuery({ queryKey: ["providers"], queryFn: () => client.discovery.providers() });
  return (
    <div className="stack">
      <PageHead
        title="Models"
        about="What is in memory, what can be asked, and what is used where a flow names nothing."
      />
      {isAdmin && <InMemory />}
      <section className="panel">
        <header>
          <h2>Providers</h2>
          <Link className="button small" href="/connections">
            Connections
          </Link>
        </header>
        {providers.error && <Problem>{messageOf(providers.error)}</Problem>}
        {providers.isPending && <Bones rows={3} />}
        {providers.data?.items.length === 0 && (
          <Empty icon={Cpu} title="No provider answers">
            <p>
              Put a .gguf file into the models folder, set a key such as OPENAI_API_KEY, or enter a server under
              Connections.
            </p>
          </Empty>
        )}
        {providers.data?.items.map((provider) => (
          <ProviderModels key={provider.id} provider={provider} canLoad={isAdmin} />
        ))}
      </section>
      <Defaults />
    </div>
  );
}

function InMemory() {
  const client = useClient();
  const loaded = useQuery({ queryKey: ["loaded"], queryFn: () => client.loadedModels(), refetchInterval: 4000 });
  return (
    <section className="panel">
      <header>
        <h2>In memory</h2>
        {loaded.data?.compute && (
          <span className="quiet small" title={loaded.data.compute.reason}>
            {loaded.data.compute.expected}
          </span>
        )}
      </header>
      {loaded.error && <Problem>{messageOf(loaded.error)}</Problem>}
      {loaded.isPending && <Bones rows={2} />}
      {loaded.data?.models.length === 0 && (
        <Empty icon={Cpu} title="No local model is loaded">
          <p>A local model loads by itself when a run asks for it. Load one below to have its first answer sooner.</p>
        </Empty>
      )}
      {loaded.data && loaded.data.models.length > 0 && (
        <div className="table-frame">
          <table className="table">
            <thead>
              <tr>
                <th>Model</th>
                <th>Where</th>
                <th className="number">Context</th>
                <th className="number">Memory</th>
                <th className="number">Calls</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {loaded.data.models.map((model) => (
                <Resident key={model.runtime_id} model={model} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Resident({ model }: { model: ResidentModel }) {
  const client = useClient();
  const unload = useAction({
    run: () => client.unloadModel(model.model),
    changes: [["loaded"]],
    done: `${model.model} is unloaded.`,
  });
  return (
    <tr>
      <td>
        <span className="row">
          {model.pinned ? <Pin size={14} aria-label="kept" /> : <PinOff size={14} aria-label="may go" />}
          {model.model}
        </span>
      </td>
      <td className="quiet">
        {model.backend}
        {model.gpu_layers > 0 ? `, ${model.gpu_layers} layers` : ""}
      </td>
      <td className="number">{model.context_tokens.toLocaleString("en")}</td>
      <td className="number">{bytes(model.memory_bytes)}</td>
      <td className="number">{model.calls}</td>
      <td className="actions">
        <Button size="small" onClick={() => unload.mutate()} disabled={unload.isPending}>
          Unload
        </Button>
      </td>
    </tr>
  );
}
