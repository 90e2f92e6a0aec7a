import { AppError } from "#core/errors.ts";

/** `name`, `name@version` or `name@version:flow` of a command line. AppError `invalid_request` when two flows are named. */
export function targetOf(bundle: string, flow: string | undefined): { bundle_id: string; flow_id?: string } {
  const colon = bundle.indexOf(":");
  if (colon < 0) return { bundle_id: bundle, ...(flow === undefined ? {} : { flow_id: flow }) };
  const named = bundle.slice(colon + 1);
  if (flow !== undefined && flow !== named) {
    throw new AppError("invalid_request", `The bundle says flow '${named}', but --flow says '${flow}'.`);
  }
  return { bundle_id: bundle.slice(0, colon), flow_id: named };
}
