import { readFile } from "node:fs/promises";
import { AppError, messageOf } from "#core/errors.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import { parseObject } from "#core/json.ts";
import type { Deprecation } from "#bundles/registry.ts";
import { errnoOf, writeDurably } from "#bundles/durable-file.ts";

/** Which flows may not be started any more, in `workflow_deprecations.json` (format: contract http-api 4.1). */
export interface Deprecations {
  /** Of one flow, or of the whole bundle. */
  get(bundleId: string, flowId: string): Deprecation | null;
  set(bundleId: string, flowId: string | null, deprecation: Deprecation): Promise<void>;
  /** False when there was nothing to take back. */
  delete(bundleId: string, flowId: string | null): Promise<boolean>;
  /** Looks at the file again. A file that cannot be read leaves what was known; its problem is the answer. */
  reload(): Promise<string | null>;
}

type Entries = Map<string, Map<string, JsonObject>>;

const wholeBundle = "*";

export function createDeprecations(path: string): Deprecations {
  let known: Entries = new Map();
  let problem: string | null = null;

  const reload = async (): Promise<string | null> => {
    try {
      known = await readEntries(path);
      problem = null;
    } catch (error) {
      problem = `${path} cannot be read: ${messageOf(error)}`;
    }
    return problem;
  };
  /** On top of what is in the file now: another process may have written it. */
  const change = async (apply: (entries: Entries) => boolean): Promise<boolean> => {
    await reload();
    if (problem !== null) throw new AppError("storage", `${problem}. Repair or remove the file`);
    const next: Entries = new Map([...known].map(([bundleId, flows]) => [bundleId, new Map(flows)]));
    if (!apply(next)) return false;
    await writeDurably(path, textOf(next));
    known = next;
    return true;
  };
  return {
    reload,
    get(bundleId, flowId) {
      const flows = known.get(bundleId);
      const entry = flows?.get(flowId) ?? flows?.get(wholeBundle);
      return entry ? deprecationOf(entry) : null;
    },
    async set(bundleId, flowId, { deprecated_at, reason }) {
      await change((entries) => {
        const flows = entries.get(bundleId) ?? new Map<string, JsonObject>();
        flows.set(flowId ?? wholeBundle, { deprecated_at, ...(reason === null ? {} : { reason }) });
        entries.set(bundleId, flows);
        return true;
      });
    },
    delete: (bundleId, flowId) =>
      change((entries) => {
        const flows = entries.get(bundleId);
        const isGone = flows?.delete(flowId ?? wholeBundle) ?? false;
        if (flows?.size === 0) entries.delete(bundleId);
        return isGone;
      }),
  };
}

async function readEntries(path: string): Promise<Entries> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return new Map();
    throw error;
  }
  const { bundles } = parseObject(text);
  if (!isObject(bundles)) throw new SyntaxError("it has no object 'bundles'");
  return new Map(
    Object.entries(bundles).map(([bundleId, flows]) => {
      const entries = isObject(flows) ? Object.entries(flows) : [];
      return [bundleId, new Map(entries.filter((entry): entry is [string, JsonObject] => isObject(entry[1])))];
    }),
  );
}

function textOf(entries: Entries): string {
  const bundles = Object.fromEntries([...entries].map(([bundleId, flows]) => [bundleId, Object.fromEntries(flows)]));
  return `${JSON.stringify({ version: 1, bundles }, null, 2)}\n`;
}

function deprecationOf(entry: JsonObject): Deprecation {
  const { deprecated_at, reason } = entry;
  return {
    deprecated_at: typeof deprecated_at === "string" ? deprecated_at : "",
    reason: typeof reason === "string" && reason !== "" ? reason : null,
  };
}
