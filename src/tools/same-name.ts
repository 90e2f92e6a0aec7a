/** What is left of a name when models are forgiven their spelling: `filePath`, `file-path` and `FILE_PATH` are one. */
export function looseName(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, "");
}
