import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "#console/session/session.tsx";
import { Button } from "#console/ui/button.tsx";
import { Bones } from "#console/ui/empty.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { bytes } from "#console/ui/time.tsx";
import { useAction } from "#console/ui/use-action.ts";
import type { ModelCatalog, ProviderItem } from "#sdk/discovery.ts";

interface ProviderModelsProps {
  provider: ProviderItem;
  canLoad: boolean;
}

/** A provider, which is asked for its models when somebody opens it. */
export function ProviderModels({ provider, canLoad }: ProviderModelsProps) {
  const client = useClient();
  const [isOpen, setOpen] = useState(false);
  const models = useQuery({
    queryKey: ["models", provider.id],
    queryFn: () => client.discovery.models(provider.id),
    enabled: isOpen,
    staleTime: 20_000,
  });
  const isLocal = provider.id === "local";
  return (
    <details className="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <strong>{provider.label || provider.id}</strong>
        {provider.description !== provider.label && <span className="quiet small cut">{provider.description}</span>}
      </summary>
      {models.error && <Problem>{messageOf(models.error)}</Problem>}
      {models.isLoading && <Bones rows={2} />}
      {models.data?.error && <Problem>{models.data.error}</Problem>}
      {models.data && models.data.items.length === 0 && !models.data.error && (
        <p className="quiet small body">
          {isLocal ? "The models folder is empty: put a .gguf file there." : "It names no models."}
        </p>
      )}
      <ul className="models">
        {models.data?.items.map((model) => (
          <ModelRow key={model.id} model={model} canLoad={canLoad && isLocal} />
        ))}
      </ul>
    </details>
  );
}

function ModelRow({ model, canLoad }: { model: ModelCatalog["items"][number]; canLoad: boolean }) {
  const client = useClient();
  const load = useAction({
    run: () => client.loadModel(model.id, { pin: true }),
    changes: [["loaded"]],
    done: `${model.id} is loaded.`,
  });
  const facts = [
    model.architecture,
    model.quantization,
    model.size_bytes === undefined ? null : bytes(model.size_bytes),
    model.context_tokens === undefined ? null : `${model.context_tokens.toLocaleString("en")} tokens of context`,
  ].filter(Boolean);
  return (
    <li>
      <span className="mono cut">{model.id}</span>
      <span className="quiet small numbers cut">{facts.join(", ")}</span>
      {canLoad && (
        <Button size="small" onClick={() => load.mutate()} disabled={load.isPending}>
          {load.isPending ? "Loading…" : "Load"}
        </Button>
      )}
    </li>
  );
}
