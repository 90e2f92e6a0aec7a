/** Adds those of the ids that stand in a text. A part of a longer run of hex digits is no id. */
export function collectMentions(text: string, ids: ReadonlySet<string>, found: Set<string>): void {
  for (const [token] of text.matchAll(/[0-9a-f]{32,64}/g)) if (ids.has(token)) found.add(token);
}
