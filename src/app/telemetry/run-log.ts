import { messageOf } from "#core/errors.ts";
import type { Log, LogFields } from "#core/log.ts";
import { isTerminal } from "#core/run.ts";
import { parseTime } from "#core/time.ts";
import type { EffectHandler } from "#effects/effect-handler.ts";
import type { RunMoment, RunWatch } from "#runner/run-watch.ts";
import type { SubmitCommand } from "#runner/runner.ts";

const maxErrorChars = 300;

/** Writes what becomes of runs: starts, waits and ends at `info`, every other commit at `debug`. Null when nobody would read it. */
export function loggedRuns(log: Log): RunWatch | null {
  if (!log.isOn("info")) return null;
  return { committed: (moment) => write(log, moment) };
}

function write(log: Log, { kind, run, progress, beginsWait }: RunMoment): void {
  const { status, wait, node_id: node, error } = progress;
  const fields: LogFields = { run_id: run.run_id, workflow_id: run.workflow_id };
  if (run.parent_run_id !== null) fields["parent_run_id"] = run.parent_run_id;
  if (kind === "started") log.write("info", "Run started", { ...fields, session_id: run.session_id });
  else if (isTerminal(status)) {
    const { finished_at: end } = progress;
    const duration = end === null ? null : Math.round(parseTime(end) - parseTime(run.created_at));
    const why = status === "failed" && error !== null ? { error: error.slice(0, maxErrorChars) } : {};
    log.write("info", `Run ${status}`, { ...fields, node, duration_ms: duration, ...why });
  } else if (status === "waiting" && beginsWait) {
    log.write("info", "Run waits", { ...fields, node, reason: wait?.reason, until: wait?.until });
  } else log.write("debug", `Run ${status}`, { ...fields, node });
}

/** The same handlers; each effect that leaves the process is a line at `debug`. */
export function loggedHandlers(
  handlers: ReadonlyMap<string, EffectHandler>,
  log: Log,
): ReadonlyMap<string, EffectHandler> {
  if (!log.isOn("debug")) return handlers;
  return new Map([...handlers].map(([type, handler]) => [type, handler.world ? logged(handler, log) : handler]));
}

function logged(handler: EffectHandler, log: Log): EffectHandler {
  return {
    ...handler,
    async run(effect, context) {
      const from = performance.now();
      const done = (status: string, error?: string) =>
        log.write("debug", `Effect ${handler.type} ${status}`, {
          run_id: context.run.run_id,
          node: context.node_id,
          step_id: context.step_id,
          attempt: context.attempt,
          duration_ms: Math.round(performance.now() - from),
          ...(error === undefined ? {} : { error: error.slice(0, maxErrorChars) }),
        });
      try {
        const effected = await handler.run(effect, context);
        const { outcome } = effected;
        done(outcome.status, outcome.status === "failed" ? outcome.error : undefined);
        return effected;
      } catch (error) {
        done("failed", messageOf(error));
        throw error;
      }
    },
  };
}

/** The same, with a line for each command that was accepted. */
export function loggedSubmit(submit: SubmitCommand, log: Log): SubmitCommand {
  if (!log.isOn("info")) return submit;
  return async (command) => {
    const answer = await submit(command);
    const { command_id, run_id, type } = command;
    log.write("info", `Command ${type} ${answer.duplicate ? "known already" : "accepted"}`, { command_id, run_id });
    return answer;
  };
}
