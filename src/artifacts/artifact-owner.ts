import { defaultRuntime } from "#core/scope.ts";

/** Whose bytes they are. */
export interface ArtifactOwner {
  runtimeId: string;
  runId: string | null;
}

/**
 * The hash that an artifact's id is cut from begins with its owner. Names of sessions are not unique over runtimes, so the runtime counts
 * too; the one of a gateway with a single user adds nothing.
 */
export function ownerHasher({ runtimeId, runId }: ArtifactOwner): Bun.CryptoHasher {
  const hash = new Bun.CryptoHasher("sha256");
  if (runtimeId !== defaultRuntime) hash.update(`${runtimeId}\u0000\u0000`);
  if (runId !== null) hash.update(`${runId}\u0000`);
  return hash;
}

export function isSameOwner(a: ArtifactOwner, b: ArtifactOwner): boolean {
  return a.runtimeId === b.runtimeId && a.runId === b.runId;
}
