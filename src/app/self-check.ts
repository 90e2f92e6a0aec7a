import { mkdtemp, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkLibraries } from "#app/check-libraries.ts";
import { type Finding, fail, ok, warn } from "#app/doctor/finding.ts";
import { ownCommand } from "#app/own-command.ts";
import { versionInfo } from "#app/version.ts";
import { ledgerPath } from "#config/ledger-path.ts";
import type { Settings } from "#config/settings.ts";
import { messageOf } from "#core/errors.ts";
import { ledgerSchema } from "#ledger/sqlite/database.ts";

type Environment = Record<string, string | undefined>;

/** A run of the sample takes a fraction of a second; a busy machine may be slow. */
const sampleMs = 60_000;

/**
 * Whether this executable works here and may take over the data folder: its libraries, a run from start to end in a folder of its own, and
 * the schema of the ledger. Changes nothing in the data folder, so that it can be asked before the old executable is replaced.
 */
export async function* selfCheck(settings: Settings, env: Environment): AsyncGenerator<Finding> {
  const { version, flavour, platform } = versionInfo();
  yield ok("executable", `abstractgateway ${version}, ${flavour}, ${platform}`);
  for await (const { name, version: of, problem } of checkLibraries(settings, env)) {
    yield problem === null ? ok(name, `${of} works`) : fail(name, problem, "`abstractgateway check` tells more");
  }
  yield await sampleRun(env);
  yield dataFolder(settings);
}

async function sampleRun(env: Environment): Promise<Finding> {
  const name = "run";
  const dir = await mkdtemp(join(tmpdir(), "abstractgateway-self-check-"));
  try {
    const child = Bun.spawn(ownCommand("run", "hello", "--input", "name=world", "--json", "--data-dir", dir), {
      cwd: dir,
      env: { ...basicsOf(env), ABSTRACTGATEWAY_PROBE_SERVERS: "0" },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
      timeout: sampleMs,
    });
    const said = (await new Response(child.stderr).text()).trim();
    if ((await child.exited) === 0) return ok(name, "The sample workflow ran from start to end");
    return fail(
      name,
      `The sample workflow did not run: ${said || "it took too long"}`,
      "`abstractgateway run hello` shows it",
    );
  } catch (error) {
    return fail(name, `The sample workflow did not run: ${messageOf(error)}`, "`abstractgateway run hello` shows it");
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Without the gateway's own settings: the sample must not touch the data folder. */
function basicsOf(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("ABSTRACT")));
}

function dataFolder(settings: Settings): Finding {
  const name = "data";
  const path = ledgerPath(settings);
  if (!existsSync(path)) return ok(name, `There is no ledger in ${settings.dataDir} yet`);
  if (settings.storeBackend !== "sqlite") return ok(name, `The ledger in ${path} is a file store`);
  try {
    const { found, known } = ledgerSchema(path);
    if (found === known) return ok(name, `The ledger in ${path} has the schema of this program`);
    const text = `The ledger in ${path} has schema ${found}; the next start brings it to ${known}`;
    return warn(name, text, `It is copied to ${path}.schema-${found} first`);
  } catch (error) {
    return fail(name, messageOf(error), "Use the newer program, or restore a backup");
  }
}
