import { useState } from "react";
import { useLocation } from "wouter";
import { useClient } from "#console/session/session.tsx";
import { Button } from "#console/ui/button.tsx";
import { Dialog } from "#console/ui/dialog.tsx";
import { AreaField, TextField } from "#console/ui/fields.tsx";
import { useAction } from "#console/ui/use-action.ts";
import type { ForkBody, RunSummary } from "#sdk/wire.ts";
import { readJsonObject } from "#console/ui/read-json.ts";

interface ForkDialogProps {
  run: RunSummary;
  head: number;
  onClose: () => void;
}

export function ForkDialog({ run, head, onClose }: ForkDialogProps) {
  const client = useClient();
  const [, go] = useLocation();
  const [at, setAt] = useState(String(head));
  const [vars, setVars] = useState("");
  const read = readJsonObject(vars);
  const cursor = Number(at);
  const isCursor = /^\d+$/.test(at) && cursor <= head;
  const fork = useAction({
    run: () => {
      const body: ForkBody = { at: cursor, ...(read.value ? { input_data: read.value } : {}) };
      return client.fork(run.run_id, body);
    },
    changes: [["runs"]],
    done: "Forked.",
    after: ({ run_id }) => {
      onClose();
      go(`/runs/${run_id}`);
    },
  });
  return (
    <Dialog title="Fork this run" onClose={onClose}>
      <p className="quiet">
        A new run begins with the state that this one had after a record. This one stays as it is.
      </p>
      <TextField
        label="After record"
        inputMode="numeric"
        hint={`0 to ${head}. The run itself stands at ${head}.`}
        wrong={isCursor ? null : `A number from 0 to ${head}.`}
        value={at}
        onChange={setAt}
      />
      <AreaField
        label="Changed vars"
        isCode
        placeholder='{"name": "Grace"}'
        hint="JSON, laid over the vars of that moment. May be empty."
        wrong={read.wrong}
        value={vars}
        onChange={setVars}
      />
      <footer>
        <Button onClick={onClose}>Close</Button>
        <Button
          kind="primary"
          onClick={() => fork.mutate()}
          disabled={!isCursor || read.wrong !== null || fork.isPending}
        >
          Fork
        </Button>
      </footer>
    </Dialog>
  );
}
