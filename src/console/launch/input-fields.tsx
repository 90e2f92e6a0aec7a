import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { InputField } from "#console/launch/input-field.tsx";
import { isForefront } from "#console/launch/input-values.ts";
import { useClient } from "#console/session/session.tsx";
import type { FlowInput } from "#sdk/history.ts";

interface InputFieldsProps {
  inputs: FlowInput[];
  texts: Record<string, string>;
  wrong: Record<string, string>;
  onChange: (id: string, text: string) => void;
}

/** All that a flow can be started with; what it hardly needs is folded. */
export function InputFields({ inputs, texts, wrong, onChange }: InputFieldsProps) {
  const words = useWords(texts["provider"] ?? "");
  const first = inputs.filter(isForefront);
  const rest = inputs.filter((input) => !isForefront(input));
  const field = (input: FlowInput) => (
    <InputField
      key={input.id}
      input={input}
      text={texts[input.id] ?? ""}
      wrong={wrong[input.id] ?? null}
      providers={words.providers}
      models={words.models}
      onChange={(text) => onChange(input.id, text)}
    />
  );
  if (inputs.length === 0) return <p className="quiet">This flow needs nothing to begin with.</p>;
  if (first.length === 0 || rest.length === 0) return inputs.map(field);
  const hasWrong = rest.some(({ id }) => wrong[id] !== undefined);
  return (
    <>
      {first.map(field)}
      <details className="fold flat" {...(hasWrong ? { open: true } : {})}>
        <summary>{rest.length === 1 ? "One more input" : `${rest.length} more inputs`}</summary>
        <div className="form">{rest.map(field)}</div>
      </details>
    </>
  );
}

function useWords(provider: string): { providers: string[]; models: string[] } {
  const client = useClient();
  const [settled, setSettled] = useState(provider);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(provider), 400);
    return () => clearTimeout(timer);
  }, [provider]);
  const providers = useQuery({
    queryKey: ["providers"],
    queryFn: () => client.discovery.providers(),
    staleTime: 30_000,
  });
  const ids = providers.data?.items.map(({ id }) => id) ?? [];
  const models = useQuery({
    queryKey: ["models", settled],
    queryFn: () => client.discovery.models(settled),
    enabled: ids.includes(settled),
    staleTime: 30_000,
  });
  return { providers: ids, models: models.data?.models ?? [] };
}
