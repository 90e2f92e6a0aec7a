import { useQuery } from "@tanstack/react-query";
import {
  Background,
  Controls,
  type Edge,
  Handle,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  type ReactFlowInstance,
} from "@xyflow/react";
import { Waypoints } from "lucide-react";
import { memo, useMemo, useState } from "react";
import { type FlowLayout, type FlowNode, layoutOf } from "#console/run/flow-layout.ts";
import { type NodeState, nodeStates } from "#console/run/ledger-facts.ts";
import { useClient } from "#console/session/session.tsx";
import { Empty } from "#console/ui/empty.tsx";
import { JsonView } from "#console/ui/json-view.tsx";
import { messageOf } from "#console/ui/problem.tsx";
import { useTheme } from "#console/ui/use-theme.ts";
import { duration } from "#console/ui/time.tsx";
import type { JsonObject } from "#core/value.ts";
import type { LedgerEntry, RunSummary } from "#sdk/wire.ts";

interface GraphTabProps {
  run: RunSummary;
  entries: LedgerEntry[];
  cursor: number;
}

/** The flow in its author's layout, each node as it stood at the cursor. */
export function GraphTab({ run, entries, cursor }: GraphTabProps) {
  const client = useClient();
  const [chosen, setChosen] = useState<string | null>(null);
  const flow = useQuery({
    queryKey: ["flow", run.workflow_id],
    queryFn: () => client.history.flowOf(run.workflow_id),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const layout = useMemo(() => flow.data && layoutOf(flow.data.flow as JsonObject), [flow.data]);
  const states = useMemo(() => nodeStates(entries, cursor), [entries, cursor]);
  if (flow.error)
    return (
      <Empty icon={Waypoints} title="This run has no drawing">
        <p>{messageOf(flow.error)} Its ledger tells what it does.</p>
      </Empty>
    );
  if (!layout) return <div className="graph" />;
  return (
    <div className="graph-and-node">
      <Drawing layout={layout} states={states} chosen={chosen} onChoose={setChosen} />
      {chosen !== null && <ChosenNode id={chosen} entries={entries} cursor={cursor} />}
    </div>
  );
}

interface Shown extends Record<string, unknown> {
  node: FlowNode;
  state: NodeState | null;
}

interface DrawingProps {
  layout: FlowLayout;
  states: Map<string, NodeState>;
  chosen: string | null;
  onChoose: (id: string | null) => void;
}

function Drawing({ layout, states, chosen, onChoose }: DrawingProps) {
  const theme = useTheme();
  const nodes: Node<Shown>[] = layout.nodes.map((node) => ({
    id: node.id,
    type: "step",
    position: { x: node.x, y: node.y },
    selected: node.id === chosen,
    data: { node, state: states.get(node.id) ?? null },
  }));
  const edges: Edge[] = layout.edges.map(({ id, source, target, runs, label }) => ({
    id,
    source,
    target,
    ...(label === null ? {} : { label }),
    className: edgeClass(runs, states.has(source) && states.has(target)),
    animated: false,
  }));
  return (
    <div className={isFlat(layout) ? "graph flat" : "graph"}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        colorMode={theme}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        minZoom={0.15}
        fitView
        fitViewOptions={{ padding: 0.12, maxZoom: 1.1 }}
        onInit={(drawing) => lookCloser(drawing, nodes)}
        onNodeClick={(_event, { id }) => onChoose(id)}
        onPaneClick={() => onChoose(null)}
      >
        <Background gap={22} />
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

const readableZoom = 0.5;

/** Where the whole flow would be too small to read, the node that the run came to last is looked at. */
function lookCloser(drawing: ReactFlowInstance<Node<Shown>>, nodes: Node<Shown>[]): void {
  if (drawing.getZoom() >= readableZoom) return;
  const { position } = nodes.findLast(({ data }) => data.state !== null) ?? nodes[0] ?? { position: { x: 0, y: 0 } };
  void drawing.setCenter(position.x + 95, position.y + 37, { zoom: 0.8 });
}

/** A flow in one row needs no tall drawing. */
function isFlat({ nodes }: FlowLayout): boolean {
  const heights = nodes.map(({ y }) => y);
  return Math.max(...heights) - Math.min(...heights) < 120;
}

function edgeClass(runs: boolean, wasTaken: boolean): string {
  if (!runs) return "carries";
  return wasTaken ? "runs taken" : "runs";
}

const StepNode = memo(function StepNode({ data: { node, state }, selected }: NodeProps<Node<Shown>>) {
  const status = state?.status ?? "untouched";
  return (
    <div className={`flow-node ${status}${selected ? " chosen" : ""}`} data-status={status}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <i style={node.colour === null ? {} : { background: node.colour }} />
      <strong className="cut">{node.label}</strong>
      <span className="cut quiet">{node.type}</span>
      <span className="numbers state">
        {state ? `${state.status}${state.visits > 1 ? ` ×${state.visits}` : ""}` : ""}
        {state && state.ms > 0 ? ` ${duration(state.ms)}` : ""}
      </span>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
});

const nodeTypes = { step: StepNode };

function ChosenNode({ id, entries, cursor }: { id: string; entries: LedgerEntry[]; cursor: number }) {
  const own = entries.filter((entry) => entry.cursor <= cursor && entry.record.node_id === id);
  const last = own.at(-1);
  return (
    <aside className="chosen-node stack" aria-label={`Node ${id}`}>
      <h3>{id}</h3>
      {!last ? (
        <p className="quiet small">It has no record yet. Nodes that are only read never get one.</p>
      ) : (
        <>
          <p className="small quiet numbers">
            {own.length} {own.length === 1 ? "record" : "records"}, the last one is {last.cursor}
          </p>
          {last.record.error && <p className="problem">{last.record.error}</p>}
          <h3>Input</h3>
          <JsonView value={last.record.effect?.payload} />
          <h3>Result</h3>
          <JsonView value={last.record.result} />
        </>
      )}
    </aside>
  );
}
