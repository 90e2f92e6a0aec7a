import { useQuery } from "@tanstack/react-query";
import { useClient } from "#console/session/session.tsx";

interface ModelChoiceProps {
  provider: string;
  model: string;
  /** Both empty: whatever the gateway uses where nobody names one. */
  onChange: (provider: string, model: string) => void;
}

/** A provider and one of its models; empty for the gateway's defaults. */
export function ModelChoice({ provider, model, onChange }: ModelChoiceProps) {
  const client = useClient();
  const providers = useQuery({
    queryKey: ["providers"],
    queryFn: () => client.discovery.providers(),
    staleTime: 30_000,
  });
  const models = useQuery({
    queryKey: ["models", provider],
    queryFn: () => client.discovery.models(provider),
    enabled: provider !== "",
    staleTime: 30_000,
  });
  const names = new Set([...(model ? [model] : []), ...(models.data?.models ?? [])]);
  const fallback = providers.data?.default_model;
  return (
    <>
      <select
        className="input"
        aria-label="Provider"
        value={provider}
        onChange={(event) => onChange(event.target.value, "")}
      >
        <option value="">{fallback ? `Default: ${fallback}` : "Default model"}</option>
        {providers.data?.items.map(({ id, label }) => (
          <option key={id} value={id}>
            {label || id}
          </option>
        ))}
      </select>
      {provider !== "" && (
        <select
          className="input"
          aria-label="Model"
          value={model}
          onChange={(event) => onChange(provider, event.target.value)}
        >
          <option value="">{models.isPending ? "Looking…" : "Choose a model"}</option>
          {[...names].map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      )}
    </>
  );
}
