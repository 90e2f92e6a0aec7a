interface Shown {
  status: string;
  paused?: boolean;
}

/** One word and one colour for where a run stands. */
export function StatusBadge({ status, paused = false }: Shown) {
  const word = paused && (status === "running" || status === "waiting") ? "paused" : status;
  return <span className={`badge ${word}`}>{word}</span>;
}
