import { useQuery, useQueryClient } from "@tanstack/react-query";
import { WandSparkles } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { useClient } from "#console/session/session.tsx";
import { bodyOf, extras } from "#console/studio/kinds.ts";
import { Button } from "#console/ui/button.tsx";
import { AreaField, SelectField, TextField } from "#console/ui/fields.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import type { MediaKind } from "#sdk/media.ts";

interface MediaFormProps {
  kind: MediaKind;
  /** Keeps what is made. */
  runId: string;
}

export function MediaForm({ kind, runId }: MediaFormProps) {
  const client = useClient();
  const [prompt, setPrompt] = useState("");
  const [choice, setChoice] = useState<Record<string, string>>({});
  const maker = useMaker(kind, runId);
  const models = useQuery({
    queryKey: ["media-models", kind],
    queryFn: () => client.media.models(kind),
    staleTime: 30_000,
  });
  const change = (name: string, text: string) => setChoice({ ...choice, [name]: text });
  const chosen = choice["model"] ? `${choice["provider"]} ${choice["model"]}` : "";
  const options = (models.data ?? []).map(({ provider, id }) => [`${provider} ${id}`, `${id} (${provider})`] as const);
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (prompt.trim() !== "") void maker.make(bodyOf(kind, prompt.trim(), choice));
      }}
    >
      <AreaField label={kind === "speech" ? "Text" : "Prompt"} rows={3} value={prompt} onChange={setPrompt} />
      <div className="columns">
        <SelectField
          label="Model"
          value={chosen}
          options={[["", "The gateway's default"], ...options]}
          onChange={(value) => {
            const [provider = "", ...model] = value.split(" ");
            setChoice({ ...choice, provider, model: model.join(" ") });
          }}
        />
        {extras[kind].map(({ name, label, hint, isNumber }) => (
          <TextField
            key={name}
            label={label}
            hint={hint}
            inputMode={isNumber ? "decimal" : "text"}
            value={choice[name] ?? ""}
            onChange={(text) => change(name, text)}
          />
        ))}
      </div>
      {maker.problem !== null && <Problem>{maker.problem}</Problem>}
      <div className="row">
        <Button kind="primary" type="submit" disabled={maker.isBusy || prompt.trim() === ""}>
          <WandSparkles size={16} />
          {maker.isBusy ? "Making it…" : "Make it"}
        </Button>
        {maker.childId !== null && <Link href={`/runs/${maker.childId}`}>Its run</Link>}
      </div>
    </form>
  );
}

/** Has something made, and waits for it. */
function useMaker(kind: MediaKind, runId: string) {
  const client = useClient();
  const queries = useQueryClient();
  const [childId, setChildId] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const make = async (body: ReturnType<typeof bodyOf>) => {
    setBusy(true);
    setProblem(null);
    setChildId(null);
    try {
      const child = await client.media.begin(kind, runId, body);
      setChildId(child);
      for await (const _record of client.follow(child));
      const { status, error } = await client.get(child);
      if (status !== "completed") setProblem(error ?? status);
      await queries.invalidateQueries({ queryKey: ["artifacts"] });
    } catch (error) {
      setProblem(messageOf(error));
    }
    setBusy(false);
  };
  return { make, childId, isBusy, problem };
}
