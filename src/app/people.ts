import { join } from "node:path";
import { jsonFile } from "#app/json-file.ts";
import { WorkflowCatalog } from "#bundles/workflow-catalog.ts";
import { type Accounts, openAccounts } from "#auth/accounts.ts";
import { type BootstrapOptions, type Bootstrapped, bootstrapAdmin } from "#auth/bootstrap-admin.ts";
import type { Settings } from "#config/settings.ts";
import { systemClock } from "#core/time.ts";

export interface People {
  /** Opened when it is first needed. */
  accounts: () => Accounts;
  /** Null with a single user. */
  people: Accounts | null;
  close(): void;
}

/** The register of users. A gateway with several gets its first administrator here. AppError `storage`. */
export function createPeople({ auth }: Settings, report: (message: string) => void): People {
  const { enabled, file, adminUsesDefaultRuntime, session, bootstrap } = auth.users;
  let opened: Accounts | null = null;
  const accounts = () => (opened ??= openAccounts({ file, adminUsesDefaultRuntime, session, now: systemClock }));
  const people = enabled ? accounts() : null;
  if (people && bootstrap.enabled) makeFirstAdmin(people, bootstrap, report);
  return { accounts, people, close: () => opened?.close() };
}

function makeFirstAdmin(
  { users }: Accounts,
  { token, tokenFile, printsToken }: Settings["auth"]["users"]["bootstrap"],
  report: (message: string) => void,
): void {
  if (users.hasAdmin()) return;
  try {
    const made = bootstrapAdmin(users, { tenantId: "default", userId: "admin", token, tokenFile, rotateToken: false });
    report(`The user 'admin' was made; the token is in ${tokenFile}${printsToken ? `: ${made.token ?? ""}` : ""}`);
  } catch (error) {
    // Another process of the same data folder was faster.
    if (!users.hasAdmin()) throw error;
  }
}

/** Beside a running gateway, or before the first start. */
export function bootstrapOffline(settings: Settings, options: BootstrapOptions): Bootstrapped {
  const { accounts, close } = createPeople(withoutBootstrap(settings), () => undefined);
  try {
    return bootstrapAdmin(accounts().users, options);
  } finally {
    close();
  }
}

function withoutBootstrap(settings: Settings): Settings {
  const { auth } = settings;
  const users = { ...auth.users, bootstrap: { ...auth.users.bootstrap, enabled: false } };
  return { ...settings, auth: { ...auth, users } };
}

/** What the users of a tenant share. */
export function createCatalog({ dataDir }: Settings): WorkflowCatalog {
  return new WorkflowCatalog(jsonFile(join(dataDir, "workflow_catalog.json")), systemClock);
}
