/** How this program starts itself again as an inference worker: the executable alone, or Bun with the entry file in development. */
export function inferenceCommand(): string[] {
  const entry = process.argv[1] ?? "";
  const isCompiled = entry.startsWith("/$bunfs/") || /^[A-Z]:[\\/]~BUN/.test(entry);
  return isCompiled ? [process.execPath, "inference-worker"] : [process.execPath, entry, "inference-worker"];
}
