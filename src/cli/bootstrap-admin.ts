import { resolve } from "node:path";
import type { CommandDef } from "citty";
import { AppError } from "#core/errors.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { settingsArgs, settingsFor } from "#cli/settings.ts";
import { print, printJson } from "#cli/terminal.ts";

/** Works beside a running gateway too: users are read with every request. */
export function bootstrapAdminCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "bootstrap-admin", description: "Make the first administrator, or give one a new token" },
    args: {
      "tenant-id": { type: "string", default: "default", description: "Tenant of the user" },
      "user-id": { type: "string", default: "admin", description: "Name of the user" },
      "runtime-id": { type: "string", description: "Their runtime (default: the user's name)" },
      email: { type: "string", description: "Their address" },
      token: { type: "string", description: "Their token (default: that of the file, else a new one)" },
      "token-file": {
        type: "string",
        valueHint: "file",
        description: "Where the token is kept (default: in the data folder)",
      },
      "no-token-file": { type: "boolean", description: "Keep the token in no file" },
      "rotate-token": { type: "boolean", description: "Make a new token; the old one ends" },
      "print-token": { type: "boolean", description: "Print the token" },
      json: { type: "boolean", description: "Print JSON, with the token only when it is asked for" },
      ...settingsArgs,
    },
    run: async ({ args, rawArgs }) => {
      const settings = settingsFor(context, args);
      const { bootstrap } = settings.auth.users;
      const isInNoFile = rawArgs.includes("--no-token-file");
      // The parser reads `--no-token-file` as a `token-file` that is false, whatever was named.
      const named: unknown = args["token-file"];
      if (isInNoFile && rawArgs.some((arg) => /^--token-file(=|$)/.test(arg))) {
        throw new AppError("invalid_request", "Name either --token-file or --no-token-file.");
      }
      const { bootstrapOffline } = await import("#app/people.ts");
      const done = bootstrapOffline(settings, {
        tenantId: args["tenant-id"],
        userId: args["user-id"],
        ...(args["runtime-id"] === undefined ? {} : { runtimeId: args["runtime-id"] }),
        ...(args.email === undefined ? {} : { email: args.email }),
        token: args.token ?? bootstrap.token,
        tokenFile: isInNoFile ? null : typeof named === "string" ? resolve(context.cwd, named) : bootstrap.tokenFile,
        rotateToken: args["rotate-token"] === true,
      });
      const { token, ...rest } = done;
      const shown = args["print-token"] === true && token !== undefined ? { token } : {};
      if (args.json) return printJson(context, { ...rest, ...shown });
      const what = done.changed ? "is an administrator" : "was an administrator already; nothing changed";
      const lines = [`'${done.user.user_id}' of tenant '${done.user.tenant_id}' ${what}.`];
      if (done.token_file !== null && done.token_available) lines.push(`Token: in ${done.token_file}`);
      if (shown.token !== undefined) lines.push(`Token: ${shown.token}`);
      else if (done.token_file === null) lines.push("The token is shown with --print-token.");
      print(context, lines.join("\n"));
    },
  });
}
