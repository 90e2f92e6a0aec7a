import { choice, flag, gateway, number, refuse, variable } from "#config/variable.ts";

/** How runs are advanced. */
export const running = {
  maxActiveRuns: number(gateway("MAX_ACTIVE_RUNS"), {
    preset: 64,
    min: 1,
    max: 10_000,
    meaning: "Runs that work at the same time",
  }),
  maxEffects: number(gateway("MAX_EFFECTS"), {
    preset: 64,
    min: 1,
    max: 10_000,
    meaning: "Calls of models and tools at the same time",
  }),
  graceMs: number(gateway("GRACE_MS"), {
    preset: 10_000,
    min: 0,
    max: 600_000,
    meaning: "Time that calls in flight have when the gateway is told to stop",
  }),
  leaseMs: number(gateway("LEASE_MS"), {
    preset: 15_000,
    min: 1000,
    max: 600_000,
    meaning: "After so long without a sign of life another process takes over a run",
  }),
  toolMode: choice(gateway("TOOL_MODE"), {
    preset: "approval",
    allowed: ["approval", "passthrough", "delegated", "local"],
    // The other spellings are the reference's.
    aliases: { delegate: "delegated", job: "delegated", local_all: "local" },
    meaning: "`local` never asks; `passthrough` and `delegated` leave the calls to a client",
  }),
  compatNodeErrors: flag(gateway("COMPAT_NODE_ERRORS"), {
    preset: false,
    meaning: "A node that raises ends the run as the reference ends it",
  }),
  crashAt: variable<{ point: string; count: number } | null>(gateway("CRASH_AT"), {
    preset: null,
    allowed: "point:count",
    meaning: "For tests: the process kills itself when it passes this point so often",
    parse: (text, name) => {
      const match = /^([a-z-]+):(\d+)$/.exec(text);
      if (!match) throw refuse(name, "must be point:count", text);
      return { point: match[1] ?? "", count: Number(match[2]) };
    },
  }),
};
