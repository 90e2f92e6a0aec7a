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
    meaning: "Folder of the index; LanceDB may be in an object store too, such as `s3://bucket/prefix`",
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
