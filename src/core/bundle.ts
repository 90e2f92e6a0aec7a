import type { Flow } from "#core/flow.ts";
import type { JsonObject, Value } from "#core/value.ts";

export interface Entrypoint {
  flow_id: string;
  name: string;
  description: string;
  interfaces: string[];
}

/** `manifest.json` of a `.flow` bundle after reading (contract flow-runtime 1.2). */
export interface Manifest {
  bundle_format_version: "1";
  bundle_id: string;
  bundle_version: string;
  created_at: string;
  entrypoints: Entrypoint[];
  default_entrypoint: string | null;
  flows: Record<string, string>;
  artifacts: Record<string, string>;
  assets: Record<string, string>;
  metadata: JsonObject;
}

/** A bundle that was read and found sound. Flow ids in it are namespaced: `bundle@version:flow`. */
export interface Bundle {
  manifest: Manifest;
  /** SHA-256 of the archive's bytes (of the canonical file list for a folder). */
  digest: string;
  /** The documents as they were in the bundle, by their own flow id, for clients that draw them. */
  documents: Record<string, Value>;
  /** Flows ready to compile, by their own flow id; ids and subflow references inside are namespaced. */
  flows: Record<string, Flow>;
  /** Sentences about what was tolerated while reading. */
  warnings: string[];
}
