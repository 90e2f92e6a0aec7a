import { render } from "ink";
import { App } from "#clients/terminal/app.tsx";
import { guardScreen } from "#clients/terminal/screen-guard.ts";
import { Terminal, type TerminalOptions } from "#clients/terminal/terminal.ts";

export { modelOf, targetOf } from "#clients/terminal/commands.ts";

export interface StartOptions extends TerminalOptions {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  hasColour: boolean;
  /** Says what SIGINT and SIGTERM do; answers how to take that back. */
  onSignal: (listener: (signal: "SIGINT" | "SIGTERM") => void) => () => void;
}

export interface Ended {
  sessionId: string;
  /** Something was said in the session. */
  hasTurns: boolean;
  /** The signal that ended it, if one did. */
  signal: "SIGINT" | "SIGTERM" | null;
}

/** Draws the terminal client until somebody leaves; throws what made it fall over, with the terminal as it was. */
export async function startTerminal(options: StartOptions): Promise<Ended> {
  const { stdin, stdout, hasColour } = options;
  const terminal = new Terminal(options);
  // The library draws from the column where the cursor is, which is that of a prompt when somebody typed ahead.
  stdout.write("\r");
  const screen = render(<App terminal={terminal} hasColour={hasColour} />, {
    stdin,
    stdout,
    exitOnCtrlC: false,
    alternateScreen: true,
    incrementalRendering: true,
    // Somebody sits there, whatever variables of build servers are set.
    interactive: true,
  });
  terminal.onRedraw = () => screen.clear();
  const crashed = Promise.withResolvers<never>();
  const release = guardScreen({ stdin, unmount: () => screen.unmount(), onCrash: crashed.reject });
  let signal: Ended["signal"] = null;
  const releaseSignals = options.onSignal((name) => {
    signal = name;
    terminal.end();
  });
  try {
    await Promise.race([terminal.quit, crashed.promise, screen.waitUntilExit()]);
  } finally {
    terminal.end();
    screen.unmount();
    releaseSignals();
    release();
  }
  return { sessionId: terminal.sessionId, hasTurns: terminal.hasTurns, signal };
}
