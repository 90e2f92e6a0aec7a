import { AppError } from "#core/errors.ts";
import type { JsonObject, Value } from "#core/value.ts";

export const recallLevels = ["urgent", "standard", "deep"] as const;
export type RecallLevel = (typeof recallLevels)[number];

/** What a recall level allows (contract flow-runtime 4.9): the value without a wish, and the bound of a wish. */
export interface Budget {
  spans: { preset: number; most: number };
  deepScan: { spans: number; messages: number } | null;
  connectedHops: number;
  queryMessages: { preset: number; most: number };
  rehydratedMessages: { preset: number; most: number };
  minScore: { preset: number; least: number };
  assertions: { preset: number; most: number };
  tokens: { preset: number; most: number };
}

export const budgets: Record<RecallLevel, Budget> = {
  urgent: {
    spans: { preset: 2, most: 3 },
    deepScan: null,
    connectedHops: 0,
    queryMessages: { preset: 30, most: 60 },
    rehydratedMessages: { preset: 30, most: 60 },
    minScore: { preset: 0.55, least: 0.5 },
    assertions: { preset: 20, most: 40 },
    tokens: { preset: 600, most: 1000 },
  },
  standard: {
    spans: { preset: 5, most: 8 },
    deepScan: { spans: 25, messages: 200 },
    connectedHops: 1,
    queryMessages: { preset: 80, most: 150 },
    rehydratedMessages: { preset: 80, most: 200 },
    minScore: { preset: 0.4, least: 0.25 },
    assertions: { preset: 80, most: 200 },
    tokens: { preset: 1200, most: 3000 },
  },
  deep: {
    spans: { preset: 8, most: 20 },
    deepScan: { spans: 100, messages: 400 },
    connectedHops: 2,
    queryMessages: { preset: 200, most: 600 },
    rehydratedMessages: { preset: 200, most: 800 },
    minScore: { preset: 0.25, least: 0 },
    assertions: { preset: 200, most: 1000 },
    tokens: { preset: 2400, most: 6000 },
  },
};

/** Null when none is given. AppError `invalid_request` for another word. */
export function readRecallLevel(value: Value | undefined): RecallLevel | null {
  if (value === undefined || value === null || value === "") return null;
  const word = typeof value === "string" ? value.trim().toLowerCase() : "";
  const level = recallLevels.find((each) => each === word);
  if (!level) throw new AppError("invalid_request", `recall_level must be one of ${recallLevels.join(", ")}`);
  return level;
}

/** Collects what a budget made of wishes, for `effort` and `warnings` of an answer. */
export class Effort {
  readonly level: RecallLevel | null;
  readonly budget: Budget | null;
  readonly warnings: string[] = [];
  #applied: JsonObject = {};

  constructor(level: RecallLevel | null) {
    this.level = level;
    this.budget = level && budgets[level];
  }

  /** A wish within `[least, most]` of the budget; its preset without a wish. Without a budget the wish, or `otherwise`. */
  within(
    name: string,
    wish: number | null,
    bounds: { preset: number; most?: number; least?: number } | undefined,
    otherwise: number,
  ): number {
    if (!bounds) return wish ?? otherwise;
    const wanted = wish ?? bounds.preset;
    const value = Math.max(
      bounds.least ?? Number.NEGATIVE_INFINITY,
      Math.min(bounds.most ?? Number.POSITIVE_INFINITY, wanted),
    );
    if (value !== wanted) this.warnings.push(`recall_level=${this.level} clamped ${name} from ${wanted} to ${value}`);
    this.#applied[name] = value;
    return value;
  }

  /** Null without a recall level. */
  toJson(): JsonObject | null {
    return this.level === null ? null : { recall_level: this.level, applied: this.#applied };
  }
}
