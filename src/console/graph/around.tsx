import { useQuery } from "@tanstack/react-query";
import { Background, Controls, type Edge, MarkerType, type Node, ReactFlow } from "@xyflow/react";
import { useMemo } from "react";
import { useClient } from "#console/session/session.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { useTheme } from "#console/ui/use-theme.ts";
import type { Neighbors } from "#sdk/graph.ts";

interface AroundProps {
  centre: string;
  scope: string;
  owner: string | null;
  onChoose: (thing: string) => void;
}

/** A thing and what is around it. Choosing another one goes there. */
export function Around({ centre, scope, owner, onChoose }: AroundProps) {
  const client = useClient();
  const theme = useTheme();
  const neighbors = useQuery({
    queryKey: ["graph", "around", scope, owner, centre],
    queryFn: () =>
      client.graph.neighbors({
        scope,
        ...(owner === null ? {} : { owner_id: owner }),
        id: centre,
        depth: 2,
        limit: 60,
      }),
  });
  const drawing = useMemo(() => neighbors.data && drawingOf(centre, neighbors.data.edges), [centre, neighbors.data]);
  if (neighbors.error) return <Problem>{messageOf(neighbors.error)}</Problem>;
  if (!drawing) return <div className="graph" />;
  return (
    <div className="graph">
      <ReactFlow
        nodes={drawing.nodes}
        edges={drawing.edges}
        colorMode={theme}
        nodesConnectable={false}
        edgesFocusable={false}
        minZoom={0.1}
        fitView
        fitViewOptions={{ padding: 0.15, maxZoom: 1 }}
        onNodeClick={(_event, { id }) => onChoose(id)}
      >
        <Background gap={22} />
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

const ringPx = 230;

/** Rings around the centre, by how many steps away a thing is. */
function drawingOf(centre: string, assertions: Neighbors["edges"]): { nodes: Node[]; edges: Edge[] } {
  const rings = ringsOf(centre, assertions);
  const nodes = rings.flatMap((things, ring) =>
    things.map((id, index): Node => {
      const angle = (2 * Math.PI * (index + ring * 0.5)) / things.length;
      const radius = ring * Math.max(ringPx, (things.length * 170) / (2 * Math.PI * Math.max(1, ring)));
      return {
        id,
        position: { x: Math.cos(angle) * radius * 1.35, y: Math.sin(angle) * radius },
        data: { label: id },
        className: id === centre ? "thing centre" : "thing",
      };
    }),
  );
  const edges = assertions.map(({ assertion_id: id, subject, predicate, object }): Edge => ({
    id,
    source: subject,
    target: object,
    label: predicate,
    type: "straight",
    markerEnd: { type: MarkerType.ArrowClosed },
  }));
  return { nodes, edges };
}

function ringsOf(centre: string, assertions: Neighbors["edges"]): string[][] {
  const rings = [[centre]];
  const seen = new Set([centre]);
  for (let ring = rings[0]; ring && ring.length > 0; ring = rings.at(-1)) {
    const next = new Set<string>();
    for (const { subject, object } of assertions) {
      if (ring.includes(subject) && !seen.has(object)) next.add(object);
      if (ring.includes(object) && !seen.has(subject)) next.add(subject);
    }
    if (next.size === 0) return rings;
    for (const thing of next) seen.add(thing);
    rings.push([...next]);
  }
  return rings;
}
