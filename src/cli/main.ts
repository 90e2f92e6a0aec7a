import { basename } from "node:path";
import type { CliContext } from "#cli/context.ts";
import { runProgram } from "#cli/program.ts";

/** The executable's entry: everything that belongs to the process is handed over here. */
async function main(): Promise<void> {
  // The gateway starts itself again with this word to run llama.cpp apart from the ledger. It is not a command for people.
  if (process.argv[2] === "inference-worker") {
    (await import("#app/inference-worker.ts")).runInferenceWorker(process.env);
    return;
  }
  // And with this one to run the code of flows behind walls.
  if (process.argv[2] === "sandbox-worker") {
    await (await import("#app/sandbox-worker.ts")).runSandboxWorker(process.argv.slice(3));
    return;
  }
  // And with this one to read and write documents, which come from strangers.
  if (process.argv[2] === "document-worker") {
    await (await import("#app/document-worker.ts")).runDocumentWorker(process.argv.slice(3));
    return;
  }
  const args = process.argv.slice(2);
  // By the name of the reference's second executable (a link) it is `config`.
  const isConfig = /^abstractgateway-config(\.exe)?$/.test(basename(process.argv0));
  const exitCode = await runProgram(isConfig ? ["config", ...args] : args, processContext());
  // Not before the last byte is out: a pipe's reader may be slow. Not later: a library's idle handle must not keep a finished command alive.
  // The end is waited for, since an empty write is "done" before what was written ahead of it.
  process.stdout.end(() => process.stderr.end(() => process.exit(exitCode)));
}

function processContext(): CliContext {
  return {
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    onSignal: (listener) => {
      process.on("SIGINT", listener);
      process.on("SIGTERM", listener);
      return () => {
        process.off("SIGINT", listener);
        process.off("SIGTERM", listener);
      };
    },
    abort: (exitCode) => process.exit(exitCode),
    createApp: async (settings, options) =>
      (await import("#app/create-app.ts")).createApp(settings, { environment: process.env, ...options }),
    exitCode: 0,
  };
}

if (import.meta.main) await main();
