import type { CommandDef } from "citty";
import { AppError } from "#core/errors.ts";
import { plain } from "#core/plain-text.ts";
import { createClient } from "#sdk/client.ts";
import { checkedUrl } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { createLineReader } from "#cli/line-reader.ts";
import { readProfile, readProfiles, writeProfiles } from "#cli/profile-file.ts";
import { notices, print, printJson, table } from "#cli/terminal.ts";

const nameArg = { type: "positional", description: "Name of the profile", required: true } as const;

export function profilesCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "profiles", description: "List, save and remove gateways that `--profile` names" },
    args: { json: { type: "boolean", description: "Print JSON" } },
    subCommands: { save: saveCommand(context), remove: removeCommand(context) },
    run: async ({ args }) => {
      const items = [...(await readProfiles(context))].map(([name, { url }]) => ({ name, url }));
      if (args.json) return printJson(context, items);
      const rows = items.map(({ name, url }) => [name, url].map(plain));
      print(context, rows.length === 0 ? "No profiles." : table([["PROFILE", "GATEWAY"], ...rows]));
    },
  });
}

function saveCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "save", description: "Save a gateway's address and token, in a file that only its owner can read" },
    args: {
      name: nameArg,
      url: { type: "string", valueHint: "address", description: "Its address", required: true },
      token: { type: "string", description: "Its token; `-` asks for it, so that it is in no history" },
    },
    run: async ({ args }) => {
      if (!/^[\w.-]{1,64}$/.test(args.name)) {
        throw new AppError("invalid_request", `'${args.name}' is no name: letters, digits, dots and dashes, up to 64.`);
      }
      const url = checkedUrl(args.url);
      const token = args.token === "-" ? await askToken(context) : (args.token ?? null);
      if (await createClient({ baseUrl: url }).isHealthy()) await createClient({ baseUrl: url, token }).ping();
      else notices(context).warn(`No gateway answers at ${url} now; saved without trying the token.`);
      const path = await writeProfiles(context, (await readProfiles(context)).set(args.name, { url, token }));
      print(context, `Saved '${args.name}' in ${path}.`);
    },
  });
}

async function askToken(context: CliContext): Promise<string> {
  notices(context).log("Token:");
  const reader = createLineReader(context, () => context.abort(130));
  const line = await reader.next(new AbortController().signal);
  reader.close();
  if (line?.trim()) return line.trim();
  throw new AppError("invalid_request", "No token was given.");
}

function removeCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "remove", description: "Forget a saved gateway" },
    args: { name: nameArg },
    run: async ({ args }) => {
      await readProfile(context, args.name);
      const profiles = await readProfiles(context);
      profiles.delete(args.name);
      await writeProfiles(context, profiles);
      print(context, `Removed '${args.name}'.`);
    },
  });
}
