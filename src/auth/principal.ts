/** Who makes a request. Every authenticated request has one; with security off it is the local administrator. */
export interface Principal {
  user_id: string;
  tenant_id: string;
  roles: string[];
  /** Shown to clients; no decision depends on them. */
  scopes: string[];
  /** First 12 hex digits of the SHA-256 of the credential; empty when there was none. */
  token_fingerprint: string;
  runtime_id: string;
  source: "legacy-token" | "user-registry" | "loopback-readonly" | "security-disabled" | "open-access";
}

export interface PublicPrincipal extends Principal {
  admin: boolean;
}

/** The one principal of a gateway without a user registry (contract 2.4). */
export function localAdmin(source: Principal["source"], tokenFingerprint = ""): Principal {
  return {
    user_id: "local-admin",
    tenant_id: "local",
    roles: ["admin", "user"],
    scopes: ["*"],
    token_fingerprint: tokenFingerprint,
    runtime_id: "default",
    source,
  };
}

/** A loopback client that may read without a token (`DEV_READ_NO_AUTH`). */
export function loopbackReader(): Principal {
  return { ...localAdmin("loopback-readonly"), user_id: "loopback-readonly", roles: ["user"], scopes: ["read"] };
}

export function isAdmin(principal: Principal): boolean {
  return principal.roles.includes("admin");
}

/** The key under which idempotency of commands and starts is kept. */
export function principalKey(principal: Principal): string {
  return `${principal.tenant_id}/${principal.user_id}`;
}

export function publicPrincipal(principal: Principal): PublicPrincipal {
  return { ...principal, admin: isAdmin(principal) };
}
