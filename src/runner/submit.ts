import type { NewCommand } from "#core/command.ts";
import type { Ledger } from "#ledger/ledger.ts";
import type { SubmitCommand } from "#runner/runner.ts";

/** Makes a command durable. Whoever runs the target learns of it through the ledger's notices. */
export function createSubmitCommand(ledger: Ledger): SubmitCommand {
  return async (command: NewCommand) => {
    const committed = await ledger.commit({ commands: [command] });
    const entry = committed.commands[0];
    if (!entry) throw new Error("the ledger answered no entry for a command");
    return { accepted: !entry.duplicate, duplicate: entry.duplicate, seq: entry.seq };
  };
}
