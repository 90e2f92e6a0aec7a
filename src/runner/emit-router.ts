import type { Command, CommandOutcome } from "#core/command.ts";
import { type EventEnvelope, type EventScope, eventPayload, eventScopes, scopeId } from "#core/event.ts";
import { type Clock, isoTime } from "#core/time.ts";
import type { NewMail } from "#core/mail.ts";
import { addressEvent } from "#effects/events.ts";
import type { Ledger } from "#ledger/ledger.ts";

const page = 200;

/** Applies accepted `emit_event` commands: addressed in order, delivered and answered in one commit per page. */
export interface EmitRouter {
  /** There may be new ones. Resolves when all that are known are applied. */
  run(): Promise<void>;
}

export function createEmitRouter(ledger: Ledger, now: Clock): EmitRouter {
  let running: Promise<void> | null = null;
  let again = false;
  const drain = async () => {
    do {
      again = false;
      for (;;) {
        const commands = await ledger.pendingEmits(page);
        if (commands.length === 0) break;
        await applyAll(ledger, now, commands);
      }
    } while (again);
  };
  return {
    run() {
      again = true;
      running ??= drain().finally(() => {
        running = null;
      });
      return running;
    },
  };
}

async function applyAll(ledger: Ledger, now: Clock, commands: Command[]): Promise<void> {
  const mail: NewMail[] = [];
  const outcomes: { seq: number; outcome: CommandOutcome; applied_at: string }[] = [];
  for (const command of commands) {
    const outcome = await address(ledger, now, command, mail);
    outcomes.push({ seq: command.seq, outcome, applied_at: isoTime(now()) });
  }
  await ledger.commit({ mail, outcomes });
}

async function address(ledger: Ledger, now: Clock, command: Command, mail: NewMail[]): Promise<CommandOutcome> {
  const text = (...names: string[]) => {
    const found = names.map((name) => command.payload[name]).find((value) => typeof value === "string" && value);
    return typeof found === "string" ? found.trim() : null;
  };
  const name = text("name");
  if (!name) return { status: "refused", message: "emit_event needs a name" };
  const scopeName = text("scope") ?? "session";
  const scope: EventScope | undefined = eventScopes.find((known) => known === scopeName);
  if (!scope) return { status: "refused", message: `Unknown scope '${scopeName}': use ${eventScopes.join(", ")}` };
  const ids = {
    session_id: text("session_id", "sessionId") ?? command.run_id,
    workflow_id: text("workflow_id", "workflowId") ?? "",
    run_id: text("run_id", "runId") ?? command.run_id,
  };
  if (scope === "workflow" && !ids.workflow_id) {
    return { status: "refused", message: "An event of scope workflow needs a workflow_id" };
  }
  const event: EventEnvelope = {
    event_id: text("event_id", "eventId") ?? command.command_id,
    name,
    scope,
    session_id: ids.session_id,
    payload: eventPayload(command.payload["payload"]),
    emitted_at: text("emitted_at", "emittedAt") ?? isoTime(now()),
    emitter: { source: "external", client_id: command.client_id },
  };
  const target = { scope, scopeId: scopeId(scope, ids), runtimeId: command.runtime_id };
  const delivery = await addressEvent(ledger, target, event);
  mail.push(...delivery.mail);
  const count = delivery.runIds.length;
  return {
    status: "applied",
    message: count === 0 ? "Nobody listens for this event" : `Delivered to ${count} run${count === 1 ? "" : "s"}`,
    result: { wait_key: delivery.waitKey, delivered: count, delivered_to: delivery.runIds },
  };
}
