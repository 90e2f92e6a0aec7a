import { type Scope, defaultRuntime, everything } from "#core/scope.ts";

/** Who makes a request. Every authenticated request has one; with security off it is the local administrator. */
export interface Principal {
  user_id: string;
  tenant_id: string;
  roles: string[];
  /** Those of the user, shown to clients; `grants` decides. */
  scopes: string[];
  /** First 12 hex digits of the SHA-256 of the credential; empty when there was none. */
  token_fingerprint: string;
  runtime_id: string;
  source:
    | "legacy-token"
    | "user-registry"
    | "loopback-readonly"
    | "security-disabled"
    | "open-access"
    | "anonymous"
    | "answer-link";
  /** Whose rows the principal reads and writes. */
  scope: Scope;
  /** What a personal access token may do; null: all that the roles allow. */
  grants: readonly string[] | null;
  /** What was shown at the door, where the registry knows it. */
  credential: Credential | null;
}

export interface Credential {
  kind: "token" | "session";
  /** SHA-256, hex. */
  digest: string;
}

export type PublicPrincipal = Omit<Principal, "scope" | "grants" | "credential"> & { admin: boolean };

/** Rows of whoever comes with a static token, where there are other users. */
export const localAdminScope = "local/local-admin";

export interface LocalAdminOptions {
  tokenFingerprint?: string;
  /** There are other users, and this one has a runtime of its own like each of them. */
  isOneOfMany?: boolean;
}

/** The principal of a static token and of a gateway without a user registry (contract 2.4, 2.5). */
export function localAdmin(
  source: Principal["source"],
  { tokenFingerprint = "", isOneOfMany = false }: LocalAdminOptions = {},
): Principal {
  return {
    user_id: "local-admin",
    tenant_id: "local",
    roles: ["admin", "user"],
    scopes: ["*"],
    token_fingerprint: tokenFingerprint,
    runtime_id: isOneOfMany ? "local-admin" : defaultRuntime,
    source,
    scope: isOneOfMany ? { runtimeId: localAdminScope } : everything,
    grants: null,
    credential: null,
  };
}

/** A loopback client that may read without a token (`DEV_READ_NO_AUTH`). */
export function loopbackReader(options: LocalAdminOptions): Principal {
  const local = localAdmin("loopback-readonly", options);
  return { ...local, user_id: "loopback-readonly", roles: ["user"], scopes: ["read"] };
}

/** Somebody who is about to sign in. Has no rows and may do nothing else. */
export function nobody(): Principal {
  const none = { user_id: "", tenant_id: "", roles: [], scopes: [], runtime_id: "", grants: [] };
  return { ...localAdmin("anonymous"), ...none, scope: { runtimeId: "" } };
}

/** Somebody who came with the link to one wait: acts for whoever made the link, and is asked for nothing else. */
export function linkHolder({ user_id, tenant_id }: { user_id: string; tenant_id: string }, scope: Scope): Principal {
  return { ...nobody(), user_id, tenant_id, source: "answer-link", scope };
}

export function isAdmin(principal: Principal): boolean {
  return principal.roles.includes("admin");
}

/**
 * The key under which idempotency of commands and starts is kept. A user's runtime is part of it: who gets the name of a removed user does
 * not get their commands.
 */
export function principalKey({ tenant_id, user_id, runtime_id, source }: Principal): string {
  return source === "user-registry" ? `${tenant_id}/${user_id}/${runtime_id}` : `${tenant_id}/${user_id}`;
}

export function publicPrincipal(principal: Principal): PublicPrincipal {
  const { user_id, tenant_id, roles, scopes, token_fingerprint, runtime_id, source } = principal;
  return { user_id, tenant_id, roles, scopes, token_fingerprint, runtime_id, source, admin: isAdmin(principal) };
}
