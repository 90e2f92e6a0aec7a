import { oneLine } from "#core/plain-text.ts";

/** Who shows the menu. SwiftBar and xbar share a format; Argos shows the same on GNOME and runs commands in its own way. */
export const menuFormats = ["swiftbar", "xbar", "argos"] as const;
export type MenuFormat = (typeof menuFormats)[number];

export interface MenuItem {
  text: string;
  /** 1: in the menu of the item above. */
  level?: number;
  /** Program and arguments that a click starts. */
  command?: string[];
  /** The command is shown in a terminal. */
  inTerminal?: boolean;
  /** A click asks for everything again. */
  refresh?: boolean;
}

const maxChars = 72;

/** One line of the menu. A title line must not be taken for parameters, a separator or a submenu, whatever a model wrote. */
export function menuLine(item: MenuItem, format: MenuFormat): string {
  const parameters = [...literal[format], ...commandOf(item, format)];
  if (item.refresh ?? item.command !== undefined) parameters.push("refresh=true");
  return `${"--".repeat(item.level ?? 0)}${menuText(item.text)} | ${parameters.join(" ")}`;
}

/** The text, not its markup: neither emoji names, colours, symbols, nor tags are looked for in it. */
const literal: Record<MenuFormat, string[]> = {
  swiftbar: ["emojize=false", "symbolize=false", "ansi=false"],
  xbar: ["emojize=false", "ansi=false"],
  argos: ["emojize=false", "ansi=false", "useMarkup=false", "unescape=false"],
};

export function menuText(text: string): string {
  // The format has no escape for its bar; a line that begins with dashes is a separator or a submenu.
  const line = oneLine(text, maxChars).replaceAll("|", "¦");
  return line.replace(/^-+/, (dashes) => "‐".repeat(dashes.length)) || " ";
}

function commandOf({ command, inTerminal = false }: MenuItem, format: MenuFormat): string[] {
  const [program, ...words] = command ?? [];
  if (program === undefined) return [];
  const terminal = `terminal=${inTerminal}`;
  if (format === "argos") return [`bash=${quoted([program, ...words].map(shellWord).join(" "))}`, terminal];
  const named = words.map((word, index) => `param${index + 1}=${quoted(word)}`);
  return [`${format === "xbar" ? "shell" : "bash"}=${quoted(program)}`, ...named, terminal];
}

/** Values of parameters: what could end them is not in addresses, folders or ids, and is left out where it is. */
function quoted(value: string): string {
  return `"${value.replace(/[|"\n\r]/g, "")}"`;
}

export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
