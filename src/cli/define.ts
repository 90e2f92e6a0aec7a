import { type ArgsDef, type CommandDef, defineCommand } from "citty";

/** A command whose arguments are typed where it is written and forgotten where it is listed: citty's type of a command is invariant in them. */
export function define<const T extends ArgsDef>(definition: CommandDef<T>): CommandDef {
  return defineCommand<T>(definition) as unknown as CommandDef;
}
