import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { client as variables } from "#config/variables/client.ts";
import { AppError } from "#core/errors.ts";
import { type MenuFormat, menuFormats } from "#clients/menubar/menu-line.ts";
import type { GatewayClient } from "#sdk/client.ts";
import { type ConnectArgs, reachedGateway } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { clientVariables } from "#cli/profile-file.ts";

/** AppError `invalid_request` names the formats. */
export function formatOf(context: CliContext, named: string | undefined): MenuFormat {
  const asker = context.env["ARGOS_VERSION"] ? "argos" : context.env["XBARDarkMode"] ? "xbar" : "swiftbar";
  const format = menuFormats.find((each) => each === (named ?? asker));
  if (format) return format;
  throw new AppError("invalid_request", `Option '--format' must be one of ${menuFormats.join(", ")}, not '${named}'.`);
}

/** Options that name the same gateway from any folder. A token is not among them: everybody on the machine sees command lines. */
export function gatewayWords(context: CliContext, args: ConnectArgs): string[] {
  const url = args.url ?? (args.profile === undefined ? clientVariables(context).get(variables.url) : null);
  const path = (name: string, value: string | undefined) =>
    value === undefined ? [] : [`--${name}=${resolve(context.cwd, value)}`];
  const envFile = args["env-file"] ?? (existsSync(resolve(context.cwd, ".env")) ? ".env" : undefined);
  return [
    ...(url === null ? [] : [`--url=${url}`]),
    ...(args.profile === undefined ? [] : [`--profile=${args.profile}`]),
    ...path("data-dir", args["data-dir"] ?? args.data),
    ...path("flows-dir", args["flows-dir"] ?? args.flows),
    ...path("env-file", envFile),
  ];
}

/** AppError `unavailable` when no gateway is there. */
export async function presentGateway(context: CliContext, args: ConnectArgs): Promise<GatewayClient> {
  const client = await reachedGateway(context, args);
  if (client) return client;
  throw new AppError("unavailable", "No gateway is running here. Start one with: abstractgateway serve");
}
