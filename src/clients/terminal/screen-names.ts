/** The views that a digit opens, in their order. */
export const screenNames = ["chat", "sessions", "runs", "inbox", "schedules"] as const;
export type ScreenName = (typeof screenNames)[number];
