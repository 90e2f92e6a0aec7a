import { type Feature, features, notBuilt } from "#http/capabilities/features.ts";

export interface Caller {
  isAdmin: boolean;
}

export type Descriptor = Record<string, unknown> & { available: boolean };

export function path(below: string): string {
  return `/api/gateway${below}`;
}

/** A route that is there. */
export function endpoint(below: string, extra: Record<string, unknown> = {}): Descriptor {
  return { available: true, endpoint: path(below), ...extra };
}

/** A route that is there when its feature is built; else the reason. */
export function endpointOf(feature: Feature, below: string, extra: Record<string, unknown> = {}): Descriptor {
  return features[feature]
    ? endpoint(below, extra)
    : { available: false, endpoint: path(below), ...extra, route_available: false, config_hint: notBuilt[feature] };
}

/** A route for administrators. */
export function adminEndpointOf(feature: Feature, caller: Caller, below: string, resourceClass: string): Descriptor {
  const descriptor = endpointOf(feature, below);
  if (caller.isAdmin) return descriptor;
  return {
    ...descriptor,
    available: false,
    denied_reason: "admin_required",
    required_role: "admin",
    resource_class: resourceClass,
  };
}

/** `config_hint` while a feature is not built. */
export function hint(feature: Feature): { config_hint?: string } {
  return features[feature] ? {} : { config_hint: notBuilt[feature] };
}
