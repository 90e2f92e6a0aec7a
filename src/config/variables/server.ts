import { address, choice, flag, gateway, number, text } from "#config/variable.ts";

/** Where the gateway listens, and where it keeps what lasts. */
export const server = {
  dataDir: text([...gateway("DATA_DIR"), "ABSTRACTFLOW_RUNTIME_DIR"], {
    shown: "./runtime",
    meaning: "Folder of everything that lasts",
  }),
  flowsDir: text([...gateway("FLOWS_DIR"), "ABSTRACTFRAMEWORK_WORKFLOWS_DIR", "ABSTRACTFLOW_FLOWS_DIR"], {
    shown: "<data>/flows",
    meaning: "Installed bundles",
  }),
  visualFlowsDir: text(gateway("VISUALFLOWS_DIR"), {
    shown: "<data>/visualflows",
    meaning: "Flows of the editor, where one person uses the gateway, and those of its first administrator",
  }),
  host: text(gateway("HOST"), { shown: "127.0.0.1", meaning: "Address to listen at" }),
  port: number(gateway("PORT"), { preset: 8080, min: 0, max: 65_535, meaning: "Port to listen at; 0: any free one" }),
  publicUrl: address(gateway("PUBLIC_URL"), {
    preset: null,
    shown: "where a request came to",
    meaning: "Address under which browsers of people reach the gateway, for links that answer a question",
  }),
  runner: flag(gateway("RUNNER"), { preset: true, meaning: "Advance runs in this process; off: another one does" }),
  storeBackend: choice(gateway("STORE_BACKEND"), {
    preset: "sqlite",
    allowed: ["sqlite", "file"],
    meaning: "Store of the ledger; `file`: JSON lines in the folder `ledger` of the data folder, for one process",
  }),
  dbPath: text(gateway("DB_PATH"), {
    shown: "<data>/gateway.sqlite3",
    meaning: "Database file, in the data folder or below it",
  }),
  cacheDir: text(gateway("CACHE_DIR"), {
    shown: "~/.cache/abstractgateway",
    meaning: "Where native libraries are unpacked; a folder that may hold programs",
  }),
  logLevel: choice([...gateway("CONSOLE_LOG_LEVEL"), ...gateway("LOG_LEVEL")], {
    preset: "warn",
    allowed: ["error", "warn", "info", "debug"],
    aliases: { critical: "error", fatal: "error", warning: "warn" },
    meaning: "What the log says: `info` has requests, commands and what becomes of runs; `debug` every step",
  }),
  logFormat: choice(gateway("LOG_FORMAT"), {
    preset: "text",
    allowed: ["text", "json"],
    meaning: "The log, on stderr, for people or as one JSON object a line",
  }),
  metrics: flag(gateway("METRICS"), { preset: true, meaning: "Count what happens, and answer at `/metrics`" }),
  gpuMetrics: choice(gateway("GPU_METRICS_PROVIDER"), {
    preset: "auto",
    allowed: ["auto", "nvidia-smi", "ioreg", "off"],
    // The other spellings are the reference's.
    aliases: { nvidia: "nvidia-smi", macos: "ioreg", "0": "off", false: "off", none: "off", disabled: "off" },
    meaning: "Who is asked for the load of graphics cards",
  }),
  workflowSource: choice(gateway("WORKFLOW_SOURCE"), {
    preset: "bundle",
    allowed: ["bundle"],
    meaning: "Where workflows come from",
  }),
};
