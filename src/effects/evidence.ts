import type { BlobStore } from "#artifacts/blob-store.ts";
import { artifactId } from "#artifacts/offload.ts";
import { messageOf } from "#core/errors.ts";
import { stringifyJson } from "#core/json.ts";
import { type Clock, isoTime } from "#core/time.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { EffectContext, Write } from "#effects/effect-handler.ts";
import type { CallResult, PreparedCall } from "#effects/tool-execution.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";

export interface EvidenceStore {
  blobs: BlobStore;
  now: Clock;
}

/** What a tool that looks at the outside world leaves as evidence: the argument that says at what, and the fields that may be large. */
const witnesses: Record<string, { argument: string; fields: Record<string, string> }> = {
  web_search: { argument: "query", fields: { results: "results_artifact" } },
  fetch_url: {
    argument: "url",
    fields: { raw_text: "raw_artifact", normalized_text: "normalized_artifact" },
  },
  execute_command: { argument: "command", fields: { stdout: "stdout_artifact", stderr: "stderr_artifact" } },
};

/** Longer fields are no reading for a flow or a model: `rendered` has what they need. */
const largeChars = 8000;

/** The evidence of one batch of calls (contract flow-runtime 4.8): rows and index entries that are committed with their results. */
export class Evidence {
  readonly artifacts: ArtifactRow[] = [];
  readonly writes: Write[] = [];
  #store: EvidenceStore;
  #context: EffectContext;

  constructor(store: EvidenceStore, context: EffectContext) {
    this.#store = store;
    this.#context = context;
  }

  /** The results, with what is large in them replaced by artifacts. What cannot be kept stays in the result, which says so. */
  keep(calls: PreparedCall[], results: CallResult[]): Promise<CallResult[]> {
    return Promise.all(results.map((result, index) => this.#keepOne(calls[index], result)));
  }

  async #keepOne(call: PreparedCall | undefined, result: CallResult): Promise<CallResult> {
    const witness = Object.hasOwn(witnesses, result.name) ? witnesses[result.name] : undefined;
    if (!call?.tool || !witness || !isObject(result.output)) return result;
    try {
      return await this.#write(call, result, { ...witness, output: result.output });
    } catch (error) {
      return { ...result, meta: { evidence_error: messageOf(error) } };
    }
  }

  async #write(
    call: PreparedCall,
    result: CallResult,
    { argument, fields, output }: { argument: string; fields: Record<string, string>; output: JsonObject },
  ): Promise<CallResult> {
    const rows: ArtifactRow[] = [];
    const slim: JsonObject = {};
    const artifacts: JsonObject = {};
    const sizes: JsonObject = {};
    for (const [name, value] of Object.entries(output)) {
      const target = fields[name];
      const text = target === undefined ? "" : textOf(value);
      if (target !== undefined) sizes[name] = Buffer.byteLength(text);
      if (target === undefined || text.length <= largeChars) {
        slim[name] = value;
        continue;
      }
      const type = typeof value === "string" ? "text/plain" : "application/json";
      const row = await this.#row(text, type, { kind: "evidence_content", tool: call.name, field: name });
      rows.push(row);
      slim[target] = { $artifact: row.artifact_id };
      artifacts[name] = { $artifact: row.artifact_id };
    }
    const { run, node_id } = this.#context;
    const at = isoTime(this.#store.now());
    const record: JsonObject = {
      tool_name: call.name,
      call_id: call.callId,
      runtime_call_id: call.runtimeId,
      run_id: run.run_id,
      node_id,
      [argument]: call.args[argument] ?? null,
      success: result.success,
      error: result.error,
      sizes,
      artifacts,
      created_at: at,
      actor_id: run.actor_id,
      session_id: run.session_id,
    };
    const evidence = await this.#row(stringifyJson(record), "application/json", { kind: "evidence", tool: call.name });
    this.artifacts.push(...rows, evidence);
    this.writes.push({
      path: ["_runtime", "memory_spans"],
      append: {
        kind: "evidence",
        artifact_id: evidence.artifact_id,
        created_at: at,
        from_timestamp: at,
        to_timestamp: at,
        message_count: 0,
        tool_name: call.name,
        [argument]: call.args[argument] ?? null,
        ...(run.actor_id === null ? {} : { created_by: run.actor_id }),
      },
    });
    return { ...result, output: slim, meta: { evidence_id: evidence.artifact_id } };
  }

  async #row(text: string, contentType: string, tags: Record<string, string>): Promise<ArtifactRow> {
    const { run, node_id } = this.#context;
    const bytes = new TextEncoder().encode(text);
    return {
      artifact_id: artifactId({ runtimeId: run.runtime_id, runId: run.run_id }, bytes),
      blob_id: await this.#store.blobs.put(bytes),
      run_id: run.run_id,
      runtime_id: run.runtime_id,
      content_type: contentType,
      size_bytes: bytes.length,
      created_at: isoTime(this.#store.now()),
      tags: { ...tags, node_id, ...(run.session_id === null ? {} : { session_id: run.session_id }) },
      metadata: {},
    };
  }
}

function textOf(value: Value): string {
  return typeof value === "string" ? value : stringifyJson(value);
}
