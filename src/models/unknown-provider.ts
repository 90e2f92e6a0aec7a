import type { ProviderRegistry } from "#models/provider.ts";

/** Why a provider cannot be asked, with those that can. */
export function unknownProvider(registry: ProviderRegistry, name: string): string {
  const known = registry.list().map(({ id }) => id);
  return `Provider '${name}' is not configured (there are: ${known.join(", ") || "none"})`;
}
