import { useState } from "react";
import { useClient } from "#console/session/session.tsx";
import { Button } from "#console/ui/button.tsx";
import { Dialog } from "#console/ui/dialog.tsx";
import { CheckField, SelectField, TextField } from "#console/ui/fields.tsx";
import { useAction } from "#console/ui/use-action.ts";

const families = [
  ["openai-compatible", "OpenAI-compatible server"],
  ["openai", "OpenAI"],
  ["anthropic", "Anthropic"],
  ["google", "Google"],
  ["elevenlabs", "ElevenLabs"],
  ["mistral", "Mistral"],
  ["openrouter", "OpenRouter"],
  ["azure", "Azure OpenAI"],
  ["lmstudio", "LM Studio"],
  ["ollama", "Ollama"],
] as const;

const empty = { id: "", name: "", family: "openai-compatible", url: "", key: "", isShared: false };

export function ConnectionDialog({ canShare, onClose }: { canShare: boolean; onClose: () => void }) {
  const client = useClient();
  const [typed, setTyped] = useState(empty);
  const change = (changes: Partial<typeof empty>) => setTyped({ ...typed, ...changes });
  const save = useAction({
    run: () =>
      client.config.createConnection({
        id: typed.id.trim(),
        display_name: typed.name.trim() || typed.id.trim(),
        provider_family: typed.family,
        ...(typed.url.trim() ? { base_url: typed.url.trim() } : {}),
        ...(typed.key ? { api_key: typed.key } : {}),
        scope: typed.isShared ? "gateway" : "user",
      }),
    changes: [["connections"], ["providers"]],
    done: "Connected.",
    after: onClose,
  });
  return (
    <Dialog title="Add a connection" onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <div className="columns">
          <TextField
            label="Id"
            required
            hint="Flows write endpoint:id."
            value={typed.id}
            onChange={(id) => change({ id })}
          />
          <TextField label="Name" value={typed.name} onChange={(name) => change({ name })} />
        </div>
        <SelectField label="Kind" value={typed.family} options={families} onChange={(family) => change({ family })} />
        <TextField
          label="Address"
          placeholder="http://10.0.0.7:8000/v1"
          value={typed.url}
          onChange={(url) => change({ url })}
        />
        <TextField
          label="Key"
          type="password"
          autoComplete="off"
          value={typed.key}
          onChange={(key) => change({ key })}
        />
        {canShare && (
          <CheckField label="For all users" checked={typed.isShared} onChange={(isShared) => change({ isShared })} />
        )}
        <footer>
          <Button onClick={onClose}>Close</Button>
          <Button kind="primary" type="submit" disabled={typed.id.trim() === "" || save.isPending}>
            Add it
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
