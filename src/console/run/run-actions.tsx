import { Ban, GitFork, Pause, Play, RotateCcw } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { isForPeople } from "#console/inbox/use-waiting.ts";
import { ForkDialog } from "#console/run/fork-dialog.tsx";
import { useCommand } from "#console/run/use-command.ts";
import { bundleRefOf, partsOf } from "#console/runs/workflow-name.tsx";
import { Button } from "#console/ui/button.tsx";
import { Dialog } from "#console/ui/dialog.tsx";
import { useAction } from "#console/ui/use-action.ts";
import { isTerminal } from "#core/run.ts";
import type { RunSummary } from "#sdk/wire.ts";

type Open = "fork" | "cancel" | null;

export function RunActions({ run, head }: { run: RunSummary; head: number }) {
  const command = useCommand();
  const [open, setOpen] = useState<Open>(null);
  const isOver = isTerminal(run.status);
  const hold = useAction({
    run: () => command({ run_id: run.run_id, type: run.paused ? "resume" : "pause", payload: {} }),
    done: run.paused ? "Goes on." : "Paused.",
  });
  const bundleRef = bundleRefOf(run.workflow_id);
  const flow = partsOf(run.workflow_id).flow;
  return (
    <>
      {!isOver && !isForPeople(run) && (
        <Button onClick={() => hold.mutate()} disabled={hold.isPending}>
          {run.paused ? <Play size={16} /> : <Pause size={16} />}
          {run.paused ? "Resume" : "Pause"}
        </Button>
      )}
      <Button onClick={() => setOpen("fork")}>
        <GitFork size={16} />
        Fork
      </Button>
      {bundleRef && flow && (
        <Link
          className="button"
          href={`/start/${encodeURIComponent(bundleRef)}/${encodeURIComponent(flow)}`}
          state={{ from: run.run_id }}
        >
          <RotateCcw size={16} />
          Run again
        </Link>
      )}
      {!isOver && (
        <Button kind="danger" onClick={() => setOpen("cancel")}>
          <Ban size={16} />
          Cancel
        </Button>
      )}
      {open === "fork" && <ForkDialog run={run} head={head} onClose={() => setOpen(null)} />}
      {open === "cancel" && <CancelDialog run={run} onClose={() => setOpen(null)} />}
    </>
  );
}

function CancelDialog({ run, onClose }: { run: RunSummary; onClose: () => void }) {
  const command = useCommand();
  const cancel = useAction({
    run: () => command({ run_id: run.run_id, type: "cancel", payload: {} }),
    done: "Cancelled.",
    after: onClose,
  });
  return (
    <Dialog title="Cancel this run?" onClose={onClose}>
      <p>
        It ends with its child runs, and what is under way is aborted. A cancelled run cannot go on; a fork of it can.
      </p>
      <footer>
        <Button onClick={onClose}>Keep it</Button>
        <Button kind="danger" onClick={() => cancel.mutate()} disabled={cancel.isPending}>
          Cancel the run
        </Button>
      </footer>
    </Dialog>
  );
}
