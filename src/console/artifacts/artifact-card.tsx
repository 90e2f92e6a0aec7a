import { Download, Eye } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { ArtifactPlayer } from "#console/artifacts/artifact-player.tsx";
import { useContent } from "#console/artifacts/use-content.ts";
import { Button } from "#console/ui/button.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { Ago, bytes } from "#console/ui/time.tsx";
import type { Artifact } from "#sdk/artifacts.ts";

interface ArtifactCardProps {
  artifact: Artifact;
  /** The run that may read it. */
  runId: string;
  showsRun?: boolean;
}

/** What is fetched without being asked for. */
const unaskedBytes = 2_000_000;

export function ArtifactCard({ artifact, runId, showsRun = false }: ArtifactCardProps) {
  const isMedia = /^(image|audio)\//.test(artifact.content_type);
  const [isOpen, setOpen] = useState(isMedia && artifact.size_bytes <= unaskedBytes);
  const content = useContent(runId, artifact.artifact_id, isOpen);
  const name = nameOf(artifact);
  return (
    <article className="panel card">
      <header>
        <div className="stack-tight">
          <strong className="cut" title={name}>
            {name}
          </strong>
          <span className="quiet small numbers cut">
            {artifact.content_type.split(";")[0]}, {bytes(artifact.size_bytes)}, <Ago at={artifact.created_at} />
          </span>
        </div>
      </header>
      <div className="body stack">
        {content.error && <Problem>{messageOf(content.error)}</Problem>}
        {content.data && (
          <ArtifactPlayer blob={content.data} url={content.url} type={artifact.content_type} name={name} />
        )}
        <div className="row">
          {!isOpen && (
            <Button size="small" onClick={() => setOpen(true)}>
              <Eye size={15} />
              Show
            </Button>
          )}
          {content.url && (
            <a className="button small" href={content.url} download={name}>
              <Download size={15} />
              Save
            </a>
          )}
          {showsRun && artifact.run_id && !artifact.run_id.startsWith("session_memory_") && (
            <Link className="button small" href={`/runs/${artifact.run_id}`}>
              Its run
            </Link>
          )}
        </div>
      </div>
    </article>
  );
}

function nameOf({ title, filename, tags, artifact_id }: Artifact): string {
  return filename || title || tags["name"] || tags["kind"] || artifact_id.slice(0, 12);
}
