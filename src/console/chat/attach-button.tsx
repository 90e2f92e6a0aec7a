import { Paperclip, X } from "lucide-react";
import { useRef } from "react";
import { useClient } from "#console/session/session.tsx";
import { Button, IconButton } from "#console/ui/button.tsx";
import { useAction } from "#console/ui/use-action.ts";
import type { JsonObject } from "#core/value.ts";

/** A file that is in the session and goes along with the next message. */
export interface Attached {
  name: string;
  artifact: JsonObject;
}

interface AttachButtonProps {
  sessionId: string;
  attached: Attached[];
  onChange: (attached: Attached[]) => void;
}

export function AttachButton({ sessionId, attached, onChange }: AttachButtonProps) {
  const client = useClient();
  const chooser = useRef<HTMLInputElement>(null);
  const upload = useAction({
    run: async (files: File[]) => {
      const sent = files.map(async (file) => {
        const { artifact } = await client.upload(sessionId, file, file.name);
        return { name: file.name, artifact };
      });
      return Promise.all(sent);
    },
    after: (added) => onChange([...attached, ...added]),
  });
  return (
    <div className="row">
      <Button size="small" kind="plain" disabled={upload.isPending} onClick={() => chooser.current?.click()}>
        <Paperclip size={15} />
        {upload.isPending ? "Sending…" : "Attach files"}
      </Button>
      <input
        ref={chooser}
        type="file"
        multiple
        hidden
        aria-label="Files"
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = "";
          if (files.length > 0) upload.mutate(files);
        }}
      />
      {attached.map((each) => (
        <span key={each.name} className="tag">
          {each.name}
          <IconButton
            label={`Leave ${each.name} out`}
            size="small"
            onClick={() => onChange(attached.filter((other) => other !== each))}
          >
            <X size={13} />
          </IconButton>
        </span>
      ))}
    </div>
  );
}
