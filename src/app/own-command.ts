/** How this program starts itself again as an inference worker. */
export function inferenceCommand(): string[] {
  return ownCommand("inference-worker");
}

/** How this program starts itself again to run the code of flows; the language and the snapshot follow. */
export function sandboxCommand(): string[] {
  return ownCommand("sandbox-worker");
}

/** How this program starts itself again to read or write a document; the task follows. */
export function documentCommand(): string[] {
  return ownCommand("document-worker");
}

/** How this program is started: the executable with words, or Bun with the entry file in development. */
export function ownCommand(...words: string[]): string[] {
  const entry = process.argv[1] ?? "";
  const isCompiled = entry.startsWith("/$bunfs/") || /^[A-Z]:[\\/]~BUN/.test(entry);
  return isCompiled ? [process.execPath, ...words] : [process.execPath, entry, ...words];
}
