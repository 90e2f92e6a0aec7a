import { type DragEvent, type ReactNode, useRef, useState } from "react";
import { useClient } from "#console/session/session.tsx";
import { Button } from "#console/ui/button.tsx";
import { Dialog } from "#console/ui/dialog.tsx";
import { messageOf } from "#console/ui/problem.tsx";
import { useTell } from "#console/ui/toasts.tsx";
import { useAction } from "#console/ui/use-action.ts";
import { SdkError } from "#sdk/sdk-error.ts";

/** A page that takes bundles that are dropped on it. */
export function DropPlace({ children }: { children: (choose: () => void) => ReactNode }) {
  const chooser = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const { install, taken, giveUp } = useInstall();
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    for (const file of event.dataTransfer.files) install(file, false);
  };
  return (
    <div
      className={isOver ? "drop over" : "drop"}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => event.currentTarget === event.target && setOver(false)}
      onDrop={drop}
    >
      {children(() => chooser.current?.click())}
      <input
        ref={chooser}
        type="file"
        accept=".flow"
        multiple
        hidden
        aria-label="Bundle file"
        onChange={(event) => {
          for (const file of event.target.files ?? []) install(file, false);
          event.target.value = "";
        }}
      />
      {taken && (
        <Dialog title="Replace this version?" onClose={giveUp}>
          <p>{taken.reason}</p>
          <p className="quiet">Runs that were started keep the version they have.</p>
          <footer>
            <Button onClick={giveUp}>Keep it</Button>
            <Button kind="primary" onClick={() => install(taken.file, true)}>
              Replace
            </Button>
          </footer>
        </Dialog>
      )}
    </div>
  );
}

/** The gateway keeps what is there, and says so with the same status as other troubles. */
function isTaken(error: unknown): boolean {
  return error instanceof SdkError && /already installed/i.test(error.message);
}

interface Taken {
  file: File;
  reason: string;
}

function useInstall() {
  const client = useClient();
  const tell = useTell();
  const [taken, setTaken] = useState<Taken | null>(null);
  const action = useAction({
    run: async ({ file, overwrite }: { file: File; overwrite: boolean }) => {
      try {
        return await client.installBundle(file, { overwrite, filename: file.name });
      } catch (error) {
        if (overwrite || !isTaken(error)) throw error;
        setTaken({ file, reason: messageOf(error) });
        return null;
      }
    },
    changes: [["bundles"]],
    done: (receipt) => (receipt ? `${receipt.bundle_ref} is installed.` : ""),
  });
  const install = (file: File, overwrite: boolean) => {
    setTaken(null);
    if (file.name.endsWith(".flow")) action.mutate({ file, overwrite });
    else tell(`${file.name} is not a .flow file.`, { isBad: true });
  };
  return { install, taken, giveUp: () => setTaken(null) };
}
