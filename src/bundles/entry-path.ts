const maxPathLength = 512;

/** Why a relative path of an archive or a manifest is refused, or null when it is sound. */
export function pathProblem(path: string): string | null {
  if (path === "") return "is empty";
  if (path.length > maxPathLength) return `is longer than ${maxPathLength} characters`;
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(path)) return "contains a control character";
  if (path.includes("\\")) return "contains a backslash";
  if (path.startsWith("/")) return "is absolute";
  const segments = path.split("/");
  if (segments[0]?.includes(":")) return "starts with a drive letter";
  if (segments.some((segment) => segment === "." || segment === "..")) return "contains a '.' or '..' segment";
  return segments.some((segment) => segment === "") ? "contains an empty segment" : null;
}

/** Two names that a file system without letter case, or with another Unicode form, takes for the same file. */
export function foldedPath(path: string): string {
  return path.normalize("NFC").toLowerCase();
}

/** A name from outside for an error message: short and without control characters. */
export function shown(name: string): string {
  const clean = name.replace(/\p{C}/gu, "?");
  return `'${clean.length > 120 ? `${clean.slice(0, 120)}…` : clean}'`;
}
