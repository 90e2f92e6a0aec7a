import { Play } from "lucide-react";
import { useState } from "react";
import { ModelChoice } from "#console/models/model-choice.tsx";
import { useClient } from "#console/session/session.tsx";
import { Button } from "#console/ui/button.tsx";
import { AreaField } from "#console/ui/fields.tsx";
import { useAction } from "#console/ui/use-action.ts";

/** One question to one model, without a run. */
export function TextForm() {
  const client = useClient();
  const [model, setModel] = useState({ provider: "", model: "" });
  const [system, setSystem] = useState("");
  const [prompt, setPrompt] = useState("");
  const ask = useAction({
    run: () => client.config.generate({ ...model, prompt, ...(system.trim() ? { system_prompt: system.trim() } : {}) }),
  });
  const isReady = model.provider !== "" && model.model !== "" && prompt.trim() !== "";
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) ask.mutate();
      }}
    >
      <div className="row">
        <ModelChoice {...model} onChange={(provider, name) => setModel({ provider, model: name })} />
        {!model.provider && <span className="quiet small">Choose a provider and a model.</span>}
      </div>
      <AreaField label="Prompt" rows={3} value={prompt} onChange={setPrompt} />
      <AreaField label="System prompt" rows={2} value={system} onChange={setSystem} />
      <div>
        <Button kind="primary" type="submit" disabled={!isReady || ask.isPending}>
          <Play size={16} />
          {ask.isPending ? "Asking…" : "Ask"}
        </Button>
      </div>
      {ask.data && (
        <div className="stack" aria-live="polite">
          <pre className="text-box" tabIndex={0}>
            {ask.data.response}
          </pre>
          <p className="quiet small numbers">{usageOf(ask.data.usage)}</p>
        </div>
      )}
    </form>
  );
}

function usageOf(usage: object): string {
  return Object.entries(usage)
    .map(([name, value]) => `${name.replaceAll("_", " ")}: ${JSON.stringify(value)}`)
    .join(", ");
}
