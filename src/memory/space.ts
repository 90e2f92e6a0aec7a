/** What the vectors of one store have in common: who made them, and how long they are. Without a model there are none. */
export interface Space {
  model: string | null;
  dimensions: number | null;
}

export const noVectors: Space = { model: null, dimensions: null };

/** Short name of a space, for files and tables. */
export function spaceKey({ model, dimensions }: Space): string {
  return model === null ? "plain" : Bun.SHA256.hash(`${model}\0${dimensions}`, "hex").slice(0, 12);
}

/** A space that somebody wrote down, or null when it cannot be read. */
export function readSpace(value: unknown): Space | null {
  if (typeof value !== "object" || value === null) return null;
  const { model, dimensions } = value as Record<string, unknown>;
  if (model === null) return noVectors;
  return typeof model === "string" && typeof dimensions === "number" && dimensions > 0 ? { model, dimensions } : null;
}
