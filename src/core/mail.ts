import type { Command } from "#core/command.ts";
import type { EventEnvelope } from "#core/event.ts";
import type { RunNote } from "#core/note.ts";
import type { TerminalStatus } from "#core/run.ts";
import type { Value } from "#core/value.ts";

/** What lies in a run's durable mailbox until the run's own commit consumes it. */
export type MailBody =
  | { kind: "command"; command: Command }
  | { kind: "event"; key: string; event: EventEnvelope }
  /** Written down as it is, as soon as the run does not wait. */
  | { kind: "note"; note: RunNote }
  | { kind: "child"; child_run_id: string; status: TerminalStatus; output: Value; error: string | null }
  /**
   * A tree-wide command, passed from parent to child so that a child started meanwhile is reached too.
   * `end` asks a listener to stop once it has finished what it was woken for.
   */
  | { kind: "control"; action: "pause" | "resume" | "cancel" | "end"; reason: string | null };

export type NewMail = { run_id: string } & MailBody;
/** `id` grows in the order of commits. */
export type Mail = NewMail & { id: number };
