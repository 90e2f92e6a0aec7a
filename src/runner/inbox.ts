import type { CommandOutcome } from "#core/command.ts";
import type { Mail } from "#core/mail.ts";
import { noteRecord } from "#core/note.ts";
import { pyStr } from "#core/python.ts";
import { isoTime } from "#core/time.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import type { Input } from "#engine/engine.ts";
import { changeSchedule, runNow } from "#engine/schedule/change.ts";
import { childAsTool } from "#runner/child-as-tool.ts";
import type { RunSession } from "#runner/session.ts";

/** What a piece of mail asks of the actor. */
export type MailAction =
  /** Nothing to do now; keep it until the run can take it. */
  | { kind: "hold" }
  /** Done; consumed. */
  | { kind: "done" }
  /** Consumed; the engine goes on with this. */
  | { kind: "input"; input: Input }
  /** Consumed; tell the children. */
  | { kind: "pass"; action: "pause" | "resume" }
  | { kind: "cancel"; reason: string | null }
  /** Not consumed yet: that comes with what the errand brings. */
  | { kind: "errand"; mail: Mail & { kind: "command" } };

/** Mail that ends a run whatever it does. */
export function isCancel(mail: Mail): boolean {
  if (mail.kind === "command") return mail.command.type === "cancel";
  return mail.kind === "control" && (mail.action === "cancel" || mail.action === "end");
}

/** Applies one piece of mail to a run that is not over. Consumption and outcome go into the session's draft. */
export function applyMail(session: RunSession, mail: Mail): MailAction {
  switch (mail.kind) {
    case "command":
      return applyCommand(session, mail);
    case "event":
      return answerWait(session, mail, mail.key, mail.event as unknown as JsonObject);
    case "child":
      return applyChild(session, mail);
    case "control":
      return applyControl(session, mail);
    case "note":
      if (session.status === "waiting") return { kind: "hold" };
      writeNote(session, mail);
      return { kind: "done" };
  }
}

/** What nobody wrote down while the run waited: it must not end with it. */
export function writeNotes(session: RunSession): void {
  for (const mail of session.inbox) if (mail.kind === "note") writeNote(session, mail);
  session.inbox = session.inbox.filter(({ kind }) => kind !== "note");
}

function writeNote(session: RunSession, mail: Mail & { kind: "note" }): void {
  session.execution.records.push(noteRecord(session.run, mail.note));
  session.consume(mail);
}

function applyCommand(session: RunSession, mail: Mail & { kind: "command" }): MailAction {
  const { command } = mail;
  const reason = typeof command.payload["reason"] === "string" ? command.payload["reason"] : null;
  switch (command.type) {
    case "pause":
      session.consume(mail, pauseRun(session, reason));
      return { kind: "pass", action: "pause" };
    case "cancel":
      session.consume(mail, applied("Cancelled the run and its children"));
      return { kind: "cancel", reason };
    case "resume":
      if (Object.hasOwn(command.payload, "payload")) return answer(session, mail);
      session.consume(mail, resumeRun(session));
      return { kind: "pass", action: "resume" };
    case "update_schedule":
      session.consume(mail, updateSchedule(session, command.payload));
      return { kind: "done" };
    case "compact_memory":
      return compactMemory(session, mail);
    case "emit_event":
      session.consume(mail, refused("emit_event is not addressed to one run"));
      return { kind: "done" };
  }
}

/** The conversation may be that of a child which the run waits for, such as an agent's loop: the command goes on to it. */
function compactMemory(session: RunSession, mail: Mail & { kind: "command" }): MailAction {
  const { wait, vars } = session.execution;
  const child = wait?.reason === "subworkflow" ? wait.details?.["sub_run_id"] : null;
  const target = mail.command.payload["target_run_id"] ?? null;
  const messages = vars.peek("context", "messages");
  const isOwn = target === session.run.run_id || (target === null && Array.isArray(messages) && messages.length > 0);
  if (isOwn || typeof child !== "string") {
    if (isOwn || target === null) return { kind: "errand", mail };
    session.consume(mail, refused(`Run '${pyStr(target).slice(0, 100)}' is not one that this run waits for`));
    return { kind: "done" };
  }
  session.consume(mail);
  session.draft.mail.push({ run_id: child, kind: "command", command: mail.command });
  return { kind: "done" };
}

function updateSchedule(session: RunSession, payload: JsonObject): CommandOutcome {
  if (session.run.schedule_id === null) return refused("The run is not that of a schedule");
  const done = changeSchedule(session.execution, payload);
  session.draft.touched = true;
  return "refused" in done ? refused(done.refused) : applied(done.message);
}

/** A schedule that goes on starts its next run at once, as clients of the reference expect it. */
function resumeRun(session: RunSession): CommandOutcome {
  const outcome = unpauseRun(session);
  if (session.run.schedule_id === null || !runNow(session.execution)) return outcome;
  session.draft.touched = true;
  return applied("The schedule goes on, with a run at once");
}

/** A `resume` with a payload answers the one wait of this run. */
function answer(session: RunSession, mail: Mail & { kind: "command" }): MailAction {
  const { payload: outer } = mail.command;
  const payload = outer["payload"];
  const key = outer["wait_key"] ?? outer["waitKey"] ?? null;
  const { wait } = session.execution;
  const problem = !isObject(payload)
    ? "payload.payload must be an object"
    : session.isPaused
      ? "Run is paused"
      : session.status !== "waiting" || !wait
        ? "Run is not waiting"
        : key !== null && wait.wait_key !== null && key !== wait.wait_key
          ? `wait_key mismatch: the run waits on '${wait.wait_key}'`
          : wait.reason === "subworkflow"
            ? "The run waits for a child run, which ends by itself"
            : null;
  if (problem) {
    session.consume(mail, refused(problem));
    return { kind: "done" };
  }
  session.consume(mail, applied("Answered the wait"));
  const { principal, client_id } = mail.command;
  return { kind: "input", input: { kind: "resume", payload: payload as JsonObject, by: { principal, client_id } } };
}

/** Events and children resume exactly the wait that they are meant for, and are kept until it is there. */
function answerWait(session: RunSession, mail: Mail, key: string, payload: JsonObject): MailAction {
  const { wait } = session.execution;
  if (session.isPaused || session.status !== "waiting" || wait?.wait_key !== key) return { kind: "hold" };
  session.consume(mail);
  return { kind: "input", input: { kind: "resume", payload } };
}

function applyChild(session: RunSession, mail: Mail & { kind: "child" }): MailAction {
  const { wait } = session.execution;
  const awaited = wait?.reason === "subworkflow" && wait.details?.["sub_run_id"] === mail.child_run_id;
  if (!awaited) {
    session.consume(mail);
    return { kind: "done" };
  }
  const output =
    mail.status === "completed"
      ? mail.output
      : { success: false, error: mail.error, ...(mail.status === "cancelled" ? { cancelled: true } : {}) };
  const isTool = wait.details?.["wrap_as_tool_result"] === true;
  const payload = isTool
    ? childAsTool(wait.details ?? {}, mail.child_run_id, isObject(output) ? output : { answer: output })
    : { sub_run_id: mail.child_run_id, output };
  return answerWait(session, mail, wait.wait_key ?? "", payload);
}

function applyControl(session: RunSession, mail: Mail & { kind: "control" }): MailAction {
  if (mail.action === "end" && session.status !== "waiting") return { kind: "hold" };
  session.consume(mail);
  if (mail.action === "pause") pauseRun(session, mail.reason);
  else if (mail.action === "resume") unpauseRun(session);
  else return { kind: "cancel", reason: mail.reason };
  return { kind: "pass", action: mail.action };
}

/** A question to a person stays answerable: pausing it changes nothing. Timers, events and children of a paused run wait. */
function pauseRun(session: RunSession, reason: string | null): CommandOutcome {
  if (session.isPaused) return ignored("The run is already paused");
  if (session.status === "waiting" && session.execution.wait?.reason === "user") {
    return ignored("The run waits for a person's answer, which stays possible");
  }
  session.pause = {
    paused: true,
    pause_reason: reason,
    paused_at: isoTime(session.execution.now()),
    resumed_at: session.pause?.resumed_at ?? null,
  };
  session.draft.touched = true;
  return applied("Paused the run and its children");
}

function unpauseRun(session: RunSession): CommandOutcome {
  if (!session.pause?.paused) return ignored("The run is not paused");
  session.pause = {
    paused: false,
    pause_reason: null,
    paused_at: session.pause.paused_at,
    resumed_at: isoTime(session.execution.now()),
  };
  session.draft.touched = true;
  return applied("Resumed the run and its children");
}

function applied(message: string): CommandOutcome {
  return { status: "applied", message };
}

function ignored(message: string): CommandOutcome {
  return { status: "ignored", message };
}

function refused(message: string): CommandOutcome {
  return { status: "refused", message };
}
