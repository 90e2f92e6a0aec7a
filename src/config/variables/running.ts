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
  webhookRetryS: variable<number[]>(gateway("WEBHOOK_RETRY_S"), {
    preset: [5, 300, 1800, 7200, 18_000, 36_000, 50_400],
    shown: "5,300,1800,7200,18000,36000,50400",
    allowed: "at most 30 numbers with commas",
    meaning: "Seconds between the attempts of a webhook's delivery; after the last one it has failed",
    parse: readDelays,
  }),
  webhookDisableAfterS: number(gateway("WEBHOOK_DISABLE_AFTER_S"), {
    preset: 432_000,
    min: 1,
    max: 31_536_000,
    meaning: "A webhook whose receiver failed for so long is switched off",
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

const maxDelays = 30;
const maxDelayS = 30 * 86_400;

function readDelays(text: string, name: string): number[] {
  const delays = text.split(",").map(Number);
  if (delays.length <= maxDelays && delays.every((delay) => delay > 0 && delay <= maxDelayS)) return delays;
  throw refuse(name, `must be at most ${maxDelays} numbers of seconds, such as 5,300,3600`, text);
}
