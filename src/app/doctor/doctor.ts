import { checkLibraries } from "#app/check-libraries.ts";
import { type Check, type DoctorContext, type Finding, fail, ok } from "#app/doctor/finding.ts";
import { checkGrowth } from "#app/doctor/growth-checks.ts";
import {
  checkAccess,
  checkConfiguration,
  checkFiles,
  checkPort,
  checkProviders,
  checkVersions,
} from "#app/doctor/service-checks.ts";
import { checkDataFolder, checkLedger } from "#app/doctor/storage-checks.ts";
import { messageOf } from "#core/errors.ts";

const checks: readonly Check[] = [
  checkVersions,
  checkConfiguration,
  checkAccess,
  checkDataFolder,
  checkLedger,
  checkGrowth,
  checkPort,
  checkFiles,
  checkNatives,
  checkProviders,
];

/** Looks at everything that a gateway needs, beside a running one or without. Writes nothing that stays. */
export async function* examine(context: DoctorContext): AsyncGenerator<Finding> {
  for (const check of checks) {
    try {
      yield* await check(context);
    } catch (error) {
      yield fail("doctor", messageOf(error), "Run it again with --verbose");
    }
  }
}

async function checkNatives({ settings, env }: DoctorContext): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const { name, version, problem } of checkLibraries(settings, env)) {
    const fix = "See 'native libraries' in README: the cache folder must be writable and allow programs";
    findings.push(problem === null ? ok(name, `${version} works`) : fail(name, problem, fix));
  }
  return findings;
}
