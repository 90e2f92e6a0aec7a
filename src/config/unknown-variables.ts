/** Names of the contract (http-api 3.1 to 3.5) for parts that this build does not have. Setting one does nothing, which is worth a word. */
const withoutEffect = new Set(
  `
    SESSIONS_FILE SESSION_SECRET SESSION_SECRET_FILE WORKFLOW_POLICY_SECRET WORKFLOW_POLICY_SECRET_FILE POLL_S TICK_WORKERS TICK_MAX_STEPS
    COMMAND_BATCH_LIMIT RUN_SCAN_LIMIT IMAGE_MAX_BYTES
    SILENCE_GPU_METRICS_ACCESS_LOG
    WORKFLOW_CATALOG_FILE WORKFLOW_CATALOG_BUNDLES_DIR
    MEMORY_REQUIRE_VECTOR PROVIDER MODEL CORE_CATALOG_TIMEOUT_S
    ABSTRACTCORE_SERVER_BASE_URL ABSTRACTCORE_SERVER_AUTH_TOKEN ABSTRACTCORE_SERVER_API_KEY
    ENABLE_PROCESS_MANAGER
    PROCESS_MANAGER_CONFIG
  `.split(/\s+/),
);
const familiesWithoutEffect = /^(VOICE|VISION|TRIAGE|BACKLOG|REPORT|UAT)_/;

const prefixes = ["ABSTRACTGATEWAY_", "ABSTRACTFLOW_GATEWAY_"];
/** Set by what is around the gateway: the suite's harness, and the gateway itself for processes that its tools start. */
const setElsewhere = ["EXECUTABLE", "COMMAND"];

/** A sentence for each variable of ours that nothing reads: a typing error, or a part that is not here. Values are not shown. */
export function unknownVariables(names: Iterable<string>, known: ReadonlySet<string>): string[] {
  return [...new Set(names)].sort().flatMap((name) => {
    const prefix = prefixes.find((each) => name.startsWith(each));
    if (prefix === undefined || known.has(name)) return [];
    const suffix = name.slice(prefix.length);
    if (setElsewhere.includes(suffix)) return [];
    if (withoutEffect.has(suffix) || familiesWithoutEffect.test(suffix)) {
      return [`${name} is set, but has no effect in this build`];
    }
    const meant = closestName(name, known);
    return [`${name} is not a setting${meant === null ? "" : `: did you mean ${meant}?`}`];
  });
}

/** The known name that was probably meant: a typing error is at most a quarter of the name. */
export function closestName(name: string, known: ReadonlySet<string>): string | null {
  const prefix = prefixes.find((each) => name.startsWith(each)) ?? "";
  const limit = Math.max(2, Math.floor((name.length - prefix.length) / 4));
  let best: { name: string; distance: number } | null = null;
  for (const each of known) {
    if (!each.startsWith(prefix)) continue;
    const distance = editDistance(name, each);
    if (distance <= limit && (best === null || distance < best.distance)) best = { name: each, distance };
  }
  return best?.name ?? null;
}

/** Levenshtein, with two neighbours swapped counting as one change (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const best = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + (isSame ? 0 : 1));
      row.push(isSwapped ? Math.min(best, (before[j - 2] ?? 0) + 1) : best);
    }
    before = above;
    above = row;
  }
  return above[b.length] ?? 0;
}
