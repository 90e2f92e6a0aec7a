import { defaultRuntime } from "#core/scope.ts";

/**
 * The name under which the rows of a user's runtime are stored. Fixed when the runtime is given to its first user, so that a later change
 * of the setting moves nobody to the rows of another. The administrator's is the one that a gateway with one user has.
 */
export function rowScope(tenantId: string, runtimeId: string, adminUsesDefaultRuntime: boolean): string {
  const isBase = tenantId.toLowerCase() === "default" && ["admin", defaultRuntime].includes(runtimeId.toLowerCase());
  return isBase && adminUsesDefaultRuntime ? defaultRuntime : `${tenantId}/${runtimeId}`;
}
