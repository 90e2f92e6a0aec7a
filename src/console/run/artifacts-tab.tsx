import { useQuery } from "@tanstack/react-query";
import { FolderOpen } from "lucide-react";
import { ArtifactCard } from "#console/artifacts/artifact-card.tsx";
import { useClient } from "#console/session/session.tsx";
import { Bones, Empty } from "#console/ui/empty.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import type { RunSummary } from "#sdk/wire.ts";

export function ArtifactsTab({ run, head }: { run: RunSummary; head: number }) {
  const client = useClient();
  const artifacts = useQuery({
    queryKey: ["run", run.run_id, "artifacts", head],
    queryFn: () => client.artifacts.ofRun(run.run_id),
    placeholderData: (before) => before,
  });
  if (artifacts.error)
    return (
      <div className="body">
        <Problem>{messageOf(artifacts.error)}</Problem>
      </div>
    );
  if (!artifacts.data) return <Bones rows={3} />;
  if (artifacts.data.items.length === 0)
    return (
      <Empty icon={FolderOpen} title="No artifacts">
        <p>Files, media and values that are too large for the ledger are kept as artifacts.</p>
      </Empty>
    );
  return (
    <div className="body cards">
      {artifacts.data.items.map((artifact) => (
        <ArtifactCard key={artifact.artifact_id} artifact={artifact} runId={run.run_id} />
      ))}
    </div>
  );
}
