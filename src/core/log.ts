/** From the most urgent to the least. */
export const logLevels = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * What a line is about, by the names that machines look for: `run_id`, `node`, `request_id`, `command_id`, `duration_ms` and more. Never
 * a token, a key, or what somebody said to a model.
 */
export type LogFields = Record<string, string | number | boolean | null | undefined>;

/** The log of the gateway. */
export interface Log {
  /** False: what is written at this level goes nowhere, so that nobody need put it together. */
  isOn(level: LogLevel): boolean;
  write(level: LogLevel, message: string, fields?: LogFields): void;
}

/** Trouble that no caller sees: one sentence, and what it is about. */
export type Report = (message: string, fields?: LogFields) => void;
