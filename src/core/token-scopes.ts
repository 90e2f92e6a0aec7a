const tokenAreas = ["runs", "bundles", "models", "config"] as const;
export type TokenArea = (typeof tokenAreas)[number];

/** What a personal access token may be allowed. Writing includes reading. */
export const tokenScopes: readonly string[] = [
  ...tokenAreas.flatMap((area) => [`${area}:read`, `${area}:write`]),
  "admin",
];
