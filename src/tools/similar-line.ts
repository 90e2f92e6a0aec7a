/** A line longer than this is compared by its beginning; a text longer than this many lines in part. */
const maxLineLength = 200;
const maxLines = 20_000;

/** The line that is most like what somebody looked for, or null when none is. Similarity is the share of pairs of letters in common (Dice). */
export function similarLine(lines: readonly string[], wanted: string): { number: number; line: string } | null {
  const pairs = pairsOf(wanted);
  let best: { number: number; line: string } | null = null;
  let bestScore = 0.4;
  for (const [index, line] of lines.slice(0, maxLines).entries()) {
    const score = similarity(pairs, pairsOf(line));
    if (score > bestScore) {
      bestScore = score;
      best = { number: index + 1, line };
    }
  }
  return best;
}

function pairsOf(line: string): Set<string> {
  const text = line.trim().toLowerCase().slice(0, maxLineLength);
  const pairs = new Set<string>();
  for (let at = 0; at + 1 < text.length; at += 1) pairs.add(text.slice(at, at + 2));
  return pairs;
}

function similarity(a: Set<string>, b: Set<string>): number {
  if (a.size + b.size === 0) return 0;
  let shared = 0;
  for (const pair of a) if (b.has(pair)) shared += 1;
  return (2 * shared) / (a.size + b.size);
}
