const openers: Partial<Record<NodeJS.Platform, string>> = { darwin: "open", win32: "explorer.exe" };

/** Asks the desktop to show a folder. Null where there is no desktop to ask. */
export function openFolder(folder: string): string | null {
  const opener = openers[process.platform] ?? "xdg-open";
  const path = Bun.which(opener);
  if (path === null) return null;
  Bun.spawn([path, folder], { stdio: ["ignore", "ignore", "ignore"] }).unref();
  return opener;
}
