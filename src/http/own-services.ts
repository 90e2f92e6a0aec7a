import { type Scope, defaultRuntime } from "#core/scope.ts";
import type { Services } from "#http/services.ts";
import type { Ledger } from "#ledger/ledger.ts";
import type { BlocStore } from "#models/blocs/bloc-store.ts";
import { scopedLedger } from "#ledger/scoped-ledger.ts";
import type { StartRun, SubmitCommand } from "#runner/runner.ts";

export interface WholeServices extends Omit<Services, "ledger" | "blocs" | "startRun" | "submitCommand"> {
  wholeLedger: Ledger;
  blocStore: BlocStore;
  startRun: StartRun;
  submitCommand: SubmitCommand;
}

/** Binds everything that reads and writes rows to one runtime. */
export function ownServices(
  { wholeLedger, blocStore, startRun, submitCommand, ...rest }: WholeServices,
  scope: Scope,
): Services {
  const { runtimeId } = scope;
  return {
    ...rest,
    ledger: scopedLedger(wholeLedger, scope),
    blocs: blocStore.of(runtimeId ?? defaultRuntime),
    startRun: (request) => startRun({ ...request, runtimeId: runtimeId ?? defaultRuntime }),
    submitCommand: (command) => submitCommand({ ...command, runtime_id: runtimeId }),
  };
}
