import type { CommandDef } from "citty";
import { loadConfiguration, variableLayers } from "#config/load.ts";
import { type Found, VariableReader } from "#config/reader.ts";
import { closestName } from "#config/unknown-variables.ts";
import type { Variable } from "#config/variable.ts";
import { allVariables } from "#config/variables/groups.ts";
import { AppError } from "#core/errors.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { loadOptionsFor, settingsArgs } from "#cli/settings.ts";
import { print, printJson, table } from "#cli/terminal.ts";
import { plain } from "#core/plain-text.ts";

export function getCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "get", description: "Print one setting, or all of them with where they come from" },
    args: {
      name: { type: "positional", description: "Variable, such as PORT or ABSTRACTGATEWAY_PORT", required: false },
      json: { type: "boolean", description: "Print JSON, with default, meaning and what is allowed" },
      "env-file": settingsArgs["env-file"],
    },
    run: ({ args }) => {
      const options = loadOptionsFor(context, args);
      // What would stop the gateway is not shown as if it were in force.
      loadConfiguration(options);
      const reader = new VariableReader(variableLayers(options));
      const wanted = args.name === undefined ? allVariables : [named(args.name)];
      const rows = wanted.map((variable) => describe(variable, reader.find(variable)));
      if (args.json) return printJson(context, args.name === undefined ? rows : rows[0]);
      if (args.name !== undefined) return print(context, plain(rows[0]?.value ?? ""));
      const lines = rows.map(({ name, value, source }) => [name, plain(value.replaceAll("\n", " ")), source]);
      print(context, table([["VARIABLE", "VALUE", "FROM"], ...lines]));
    },
  });
}

/** `value` is what is set, or the default in words; of a secret only whether it is set. */
function describe({ names, shown, meaning, isSecret }: Variable<unknown>, found: Found | null) {
  const value = found ? (isSecret ? "(set)" : withoutPasswords(found.value)) : shown.preset;
  const [name = ""] = names;
  return { name, value, source: found?.source ?? "default", default: shown.preset, allowed: shown.allowed, meaning };
}

/** An address may carry a name and a password. */
function withoutPasswords(value: string): string {
  return value.replace(/:\/\/[^/@\s]*@/g, "://");
}

/** A variable by any of its names, with or without the prefix, in any case. */
function named(given: string): Variable<unknown> {
  const name = given.toUpperCase();
  const full = [name, `ABSTRACTGATEWAY_${name}`];
  const variable = allVariables.find(({ names }) => names.some((each) => full.includes(each)));
  if (variable) return variable;
  const known = new Set(allVariables.flatMap(({ names }) => names));
  const meant = full.map((each) => closestName(each, known)).find((each) => each !== null);
  throw new AppError("invalid_request", `'${given}' is not a setting${meant ? `: did you mean ${meant}?` : "."}`);
}
