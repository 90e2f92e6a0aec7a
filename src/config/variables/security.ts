import { flag, gateway, list, number, text } from "#config/variable.ts";

const day = 86_400;

/** Who may do what, and what is written down about it. */
export const security = {
  authToken: list(gateway("AUTH_TOKEN"), {
    preset: [],
    isSecret: true,
    meaning: "Bearer tokens; the gateway does not start without one",
  }),
  authTokens: list(gateway("AUTH_TOKENS"), { preset: [], isSecret: true, meaning: "More of them" }),
  allowedOrigins: list(gateway("ALLOWED_ORIGINS"), {
    preset: ["http://localhost:*", "http://127.0.0.1:*"],
    meaning: "Globs of the web pages that may call the gateway",
  }),
  secretKey: text(gateway("SECRET_KEY"), {
    isSecret: true,
    shown: "<data>/config/secret.key",
    meaning: "Encrypts the keys of provider connections",
  }),
  enabled: flag(gateway("SECURITY"), { preset: true, meaning: "Off: whoever reaches the port may do everything" }),
  protectRead: flag(gateway("PROTECT_READ"), { preset: true, meaning: "Reading needs a token" }),
  protectWrite: flag(gateway("PROTECT_WRITE"), { preset: true, meaning: "Writing needs a token" }),
  devReadNoAuth: flag(gateway("DEV_READ_NO_AUTH"), {
    preset: false,
    meaning: "Reading from this machine needs no token, for development",
  }),
  trustProxy: flag(gateway("TRUST_PROXY"), {
    preset: false,
    meaning: "Take a client's address from `X-Forwarded-For`; only behind a proxy of your own",
  }),
  lockoutAfter: number(gateway("LOCKOUT_AFTER"), {
    preset: 5,
    min: 0,
    max: 1_000_000,
    meaning: "Wrong tokens until an address is locked out; 0: never",
  }),
  lockoutBaseS: number(gateway("LOCKOUT_BASE_S"), {
    preset: 1,
    min: 0,
    max: day,
    whole: false,
    meaning: "First lockout in seconds; each further one is twice as long",
  }),
  lockoutMaxS: number(gateway("LOCKOUT_MAX_S"), {
    preset: 60,
    min: 0,
    max: day,
    whole: false,
    meaning: "Longest lockout in seconds",
  }),
  auditLog: flag(gateway("AUDIT_LOG"), { preset: true, meaning: "Write each request to `<data>/audit_log.jsonl`" }),
  auditLogMaxBytes: number(gateway("AUDIT_LOG_MAX_BYTES"), {
    preset: 52_428_800,
    min: 1024,
    max: Number.MAX_SAFE_INTEGER,
    meaning: "Size at which a new audit file begins",
  }),
  auditLogRotations: number(gateway("AUDIT_LOG_ROTATIONS"), {
    preset: 10,
    min: 0,
    max: 200,
    meaning: "Full audit files that are kept",
  }),
  auditLogHeaders: list(gateway("AUDIT_LOG_HEADERS"), {
    preset: ["x-client-id", "x-client-version", "x-forwarded-for"],
    meaning: "Request headers that are written down",
  }),
};
