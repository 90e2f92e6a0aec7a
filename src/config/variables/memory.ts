import { choice, gateway, text } from "#config/variable.ts";

/** What agents know across runs. */
export const memory = {
  backend: choice([...gateway("MEMORY_STORE_BACKEND"), ...gateway("MEMORY_BACKEND")], {
    preset: "lancedb",
    allowed: ["lancedb", "sqlite", "memory"],
    aliases: { lance: "lancedb", vector: "lancedb", sqlite3: "sqlite", in_memory: "memory" },
    meaning: "Index of the knowledge graph; whichever it is, what lasts is the ledger",
  }),
  path: text([...gateway("MEMORY_STORE_PATH"), ...gateway("MEMORY_PATH")], {
    shown: "<data>/abstractmemory",
    meaning:
      "Folder of the index; LanceDB's may be `s3://bucket/prefix`, with the region, key, secret and server of the bucket for artifacts",
  }),
  sessionToken: text(["AWS_SESSION_TOKEN"], {
    isSecret: true,
    meaning: "Goes with a key that holds for a while, for an index in S3",
  }),
  globalId: text(["ABSTRACTRUNTIME_GLOBAL_MEMORY_RUN_ID"], {
    shown: "global_memory",
    meaning: "Owner of what is known globally",
  }),
  semanticsPath: text(["ABSTRACTSEMANTICS_REGISTRY_PATH"], {
    shown: "the one in the executable",
    meaning: "File with the predicates and types of the graph",
  }),
};
