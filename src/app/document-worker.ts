export { runDocumentWorker } from "#documents/worker.ts";
