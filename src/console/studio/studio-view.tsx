import { useQuery } from "@tanstack/react-query";
import { Blend } from "lucide-react";
import { useState } from "react";
import { ArtifactCard } from "#console/artifacts/artifact-card.tsx";
import { useClient } from "#console/session/session.tsx";
import { type Kind, kinds } from "#console/studio/kinds.ts";
import { MediaForm } from "#console/studio/media-form.tsx";
import { TextForm } from "#console/studio/text-form.tsx";
import { Empty } from "#console/ui/empty.tsx";
import { PageHead } from "#console/ui/page-head.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";

/** The session whose owner keeps what is made here. */
const studioRun = "session_memory_studio";

/** Tries models: a question, a picture, a voice, a piece of music, a film. */
export function StudioView() {
  const client = useClient();
  const [kind, setKind] = useState<Kind>("text");
  const made = useQuery({ queryKey: ["artifacts", "studio"], queryFn: () => client.artifacts.ofRun(studioRun) });
  const items = (made.data?.items ?? []).filter(({ content_type: type }) => /^(image|audio|video)\//.test(type));
  return (
    <div className="stack">
      <PageHead title="Studio" about="Tries what the models can do. What is made is kept in the session studio." />
      <div className="segments wide" role="group" aria-label="What">
        {kinds.map(([each, label]) => (
          <button key={each} type="button" aria-pressed={each === kind} onClick={() => setKind(each)}>
            {label}
          </button>
        ))}
      </div>
      <section className="panel narrow">
        <div className="body">
          {kind === "text" ? <TextForm /> : <MediaForm key={kind} kind={kind} runId={studioRun} />}
        </div>
      </section>
      {made.error && <Problem>{messageOf(made.error)}</Problem>}
      {kind !== "text" && made.data && items.length === 0 && (
        <div className="panel narrow">
          <Empty icon={Blend} title="Nothing was made yet">
            <p>
              Models for media are servers behind a connection: images, speech, music and video each speak OpenAI's API.
            </p>
          </Empty>
        </div>
      )}
      {kind !== "text" && (
        <div className="cards">
          {items
            .toSorted((a, b) => (a.created_at < b.created_at ? 1 : -1))
            .map((artifact) => (
              <ArtifactCard key={artifact.artifact_id} artifact={artifact} runId={studioRun} />
            ))}
        </div>
      )}
    </div>
  );
}
