export { runSandboxWorker } from "#sandbox/worker.ts";
