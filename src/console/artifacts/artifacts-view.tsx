import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { FolderOpen } from "lucide-react";
import { useDeferredValue } from "react";
import { ArtifactCard } from "#console/artifacts/artifact-card.tsx";
import { useClient } from "#console/session/session.tsx";
import { Bones, Empty } from "#console/ui/empty.tsx";
import { PageHead } from "#console/ui/page-head.tsx";
import { SearchField } from "#console/ui/search-field.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { useRemembered } from "#console/ui/use-remembered.ts";

const kinds = ["", "image", "audio", "video", "text", "file"];

export function ArtifactsView() {
  const client = useClient();
  const [filters, setFilters] = useRemembered("artifacts", { text: "", kind: "" });
  const text = useDeferredValue(filters.text.trim());
  const query = { limit: 60, ...(text ? { query: text } : {}), ...(filters.kind ? { modality: filters.kind } : {}) };
  const found = useQuery({
    queryKey: ["artifacts", query],
    queryFn: () => client.artifacts.search(query),
    placeholderData: keepPreviousData,
    refetchInterval: 4000,
  });
  const items = found.data?.items.filter(({ run_id }) => run_id !== null) ?? [];
  return (
    <div className="stack">
      <PageHead title="Artifacts" about="Everything that runs made, and that was uploaded to them." />
      <div className="filters">
        <div className="segments wide" role="group" aria-label="Kind">
          {kinds.map((kind) => (
            <button
              key={kind}
              type="button"
              aria-pressed={filters.kind === kind}
              onClick={() => setFilters({ ...filters, kind })}
            >
              {kind || "all"}
            </button>
          ))}
        </div>
        <SearchField
          label="Search"
          placeholder="Name, type or tag"
          value={filters.text}
          onChange={(text) => setFilters({ ...filters, text })}
        />
      </div>
      {found.error && <Problem>{messageOf(found.error)}</Problem>}
      {!found.data && !found.error && (
        <div className="panel">
          <Bones rows={3} />
        </div>
      )}
      {found.data && items.length === 0 && (
        <div className="panel">
          <Empty icon={FolderOpen} title="No artifact is found">
            <p>Media nodes, file nodes and large values make artifacts, and so does every upload.</p>
          </Empty>
        </div>
      )}
      <div className="cards">
        {items.map((artifact) => (
          <ArtifactCard
            key={`${artifact.run_id} ${artifact.artifact_id}`}
            artifact={artifact}
            runId={artifact.run_id ?? ""}
            showsRun
          />
        ))}
      </div>
    </div>
  );
}
