import { AppError } from "#core/errors.ts";

/** `bundle_id[@version][:flow]` in its parts; null for what it does not say. */
export interface BundleReference {
  bundleId: string;
  bundleVersion: string | null;
  flow: string | null;
}

/** Reads a reference (contract flow-runtime 1.6). A trailing `.flow` of the bundle part is tolerated. AppError `invalid_request`. */
export function parseReference(text: string): BundleReference {
  const [, bundlePart = "", flow] = /^([^:]*)(?::(.*))?$/s.exec(text.trim()) ?? [];
  const [, bundleId = "", version] = /^([^@]*)(?:@(.*))?$/s.exec(bundlePart.trim().replace(/\.flow$/, "")) ?? [];
  if (bundleId.trim() === "" || version?.trim() === "" || flow?.trim() === "") {
    throw new AppError("invalid_request", `'${text}' is not a reference of the form bundle[@version][:flow]`);
  }
  return { bundleId: bundleId.trim(), bundleVersion: version?.trim() ?? null, flow: flow?.trim() ?? null };
}
