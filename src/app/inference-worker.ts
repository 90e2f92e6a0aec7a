export { runInferenceWorker } from "#models/local/worker.ts";
