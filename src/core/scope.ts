/**
 * Whose rows a caller may see and touch: those of one runtime. Null with a single user, to whom everything in the data folder belongs.
 * Each user has one runtime, and no two users share one.
 */
export interface Scope {
  readonly runtimeId: string | null;
}

/** The runtime of a gateway with one user, and of the first administrator of one with several. */
export const defaultRuntime = "default";

export const everything: Scope = { runtimeId: null };
