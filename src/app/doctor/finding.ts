import type { Settings } from "#config/settings.ts";

/** What one look found. `fail`: the gateway cannot work, or loses something; `warn`: it works, and somebody should know. */
export interface Finding {
  /** What was looked at. */
  name: string;
  level: "ok" | "warn" | "fail";
  /** One sentence. */
  message: string;
  /** What to do about it; null when there is nothing to mend. */
  fix: string | null;
}

export interface DoctorContext {
  settings: Settings;
  env: Record<string, string | undefined>;
  /** Sentences of the configuration about variables that nothing reads. */
  warnings: string[];
  nowMs: number;
}

export type Check = (context: DoctorContext) => Promise<Finding[]>;

export function ok(name: string, message: string): Finding {
  return { name, level: "ok", message, fix: null };
}

export function warn(name: string, message: string, fix: string): Finding {
  return { name, level: "warn", message, fix };
}

export function fail(name: string, message: string, fix: string): Finding {
  return { name, level: "fail", message, fix };
}
