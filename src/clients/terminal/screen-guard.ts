import { writeSync } from "node:fs";

interface GuardOptions {
  stdin: NodeJS.ReadStream;
  /** Takes the screen down in the usual way. */
  unmount: () => void;
  /** Something that nobody expected: the screen is down when this is called. */
  onCrash: (error: unknown) => void;
}

/** Shows the cursor, ends bracketed paste, colours and the alternate screen. Twice does no harm. */
const restore = "\x1b[?2026l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l";

/** Whatever ends this process, the terminal is left as it was found. Answers the function that ends the guard. */
export function guardScreen({ stdin, unmount, onCrash }: GuardOptions): () => void {
  let isUp = true;
  const down = () => {
    if (!isUp) return;
    isUp = false;
    try {
      unmount();
      if (stdin.isTTY) stdin.setRawMode(false);
    } catch {
      // What the library cannot do any more is done below.
    }
    writeDirectly(restore);
  };
  const crash = (error: unknown) => {
    down();
    onCrash(error);
  };
  process.on("exit", down);
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
  // The window was closed, or the line to it is gone: there is nobody to tell.
  const hangUp = () => {
    down();
    process.exit(129);
  };
  process.on("SIGHUP", hangUp);
  return () => {
    process.off("exit", down);
    process.off("uncaughtException", crash);
    process.off("unhandledRejection", crash);
    process.off("SIGHUP", hangUp);
  };
}

/** Past all buffers: the process may have no time left. */
function writeDirectly(text: string): void {
  try {
    writeSync(1, text);
  } catch {
    // The terminal itself is gone.
  }
}
