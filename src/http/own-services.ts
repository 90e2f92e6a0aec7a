import { type Scope, defaultRuntime } from "#core/scope.ts";
import type { Services } from "#http/services.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { scopedLedger } from "#ledger/scoped-ledger.ts";
import type { GraphMemory } from "#memory/graph/graph-memory.ts";
import { scopedGraph } from "#memory/graph/scoped-graph.ts";
import type { SemanticsRegistry } from "#memory/semantics.ts";
import type { BlocStore } from "#models/blocs/bloc-store.ts";
import type { StartRun, SubmitCommand } from "#runner/runner.ts";

export interface WholeServices extends Omit<Services, "ledger" | "blocs" | "graph" | "startRun" | "submitCommand"> {
  wholeLedger: Ledger;
  blocStore: BlocStore;
  graph: GraphMemory & { semantics: SemanticsRegistry };
  startRun: StartRun;
  submitCommand: SubmitCommand;
}

/** Binds everything that reads and writes rows to one runtime. */
export function ownServices(
  { wholeLedger, blocStore, graph, startRun, submitCommand, ...rest }: WholeServices,
  scope: Scope,
): Services {
  const { runtimeId } = scope;
  const ledger = scopedLedger(wholeLedger, scope);
  return {
    ...rest,
    ledger,
    blocs: blocStore.of(runtimeId ?? defaultRuntime),
    graph: scopedGraph(graph, ledger),
    startRun: (request) => startRun({ ...request, runtimeId: runtimeId ?? defaultRuntime }),
    submitCommand: (command) => submitCommand({ ...command, runtime_id: runtimeId }),
  };
}
