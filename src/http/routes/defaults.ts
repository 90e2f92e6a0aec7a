import { Elysia } from "elysia";
import { AppError } from "#core/errors.ts";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import { CapabilityDefaultsReply, SetCapabilityDefault } from "#http/schemas/config.ts";
import { bodyCheck } from "#http/validation.ts";
import { capabilityDefaultsRecord } from "#models/config/defaults-record.ts";

const defaultBody = bodyCheck(SetCapabilityDefault);
const base = "/api/gateway/config/capability-defaults";
const routePath = { kind: "input, output or embedding.", modality: "text, image, video, voice, sound or music." };

/** Which models are used where nobody names one. */
export function defaultRoutes({ access }: RouteContext) {
  const bodyOf = async (request: Request) =>
    (await readJsonBody(request, access.bodyLimitBytes(request), { floats: false })).value;
  const record = (request: Request) => {
    const { defaults, providers, settings } = access.services(request);
    return capabilityDefaultsRecord(defaults, providers, { settings: settings.models, signal: request.signal });
  };
  const set = async (request: Request, key: string) => {
    const { base_url, options, ...route } = defaultBody.check(await bodyOf(request));
    if (base_url?.trim()) {
      const remedy = "make a connection for it, and name that as the provider";
      throw new AppError("invalid_request", `base_url cannot be given with a default: ${remedy}`);
    }
    await access.services(request).defaults.set(key, { ...route, options: options ?? null });
    return record(request);
  };
  const remove = async (request: Request, key: string) => {
    await access.services(request).defaults.remove(key);
    return record(request);
  };
  const app = new Elysia().get(
    base,
    async ({ request, set: settings }) => reply(settings, await record(request)),
    operation({
      id: "listCapabilityDefaults",
      summary: "Which models are used where nobody names one",
      tag: "config",
      response: CapabilityDefaultsReply,
    }),
  );
  const levels = [
    { below: "/:kind/:modality", path: routePath, suffix: "" },
    { below: "/:kind/:modality/:task", path: { ...routePath, task: "Narrower than the modality." }, suffix: "OfTask" },
  ];
  for (const { below, path, suffix } of levels) {
    const keyOf = (params: Record<string, string>) =>
      [params["kind"], params["modality"], params["task"]].filter((part) => part !== undefined).join(".");
    app.put(
      `${base}${below}`,
      async ({ params, request, set: settings }) => reply(settings, await set(request, keyOf(params))),
      operation({
        id: `setCapabilityDefault${suffix}`,
        summary: "Set which model is used",
        tag: "config",
        path,
        body: SetCapabilityDefault,
        response: CapabilityDefaultsReply,
        errors: [400, 413],
      }),
    );
    app.delete(
      `${base}${below}`,
      async ({ params, request, set: settings }) => reply(settings, await remove(request, keyOf(params))),
      operation({
        id: `removeCapabilityDefault${suffix}`,
        summary: "Forget which model was set",
        tag: "config",
        path,
        response: CapabilityDefaultsReply,
        errors: [400],
      }),
    );
  }
  return app;
}
