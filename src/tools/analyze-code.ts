import { AppError } from "#core/errors.ts";
import { textOf } from "#tools/argument-values.ts";
import { workspaceOf } from "#tools/create-workspace.ts";
import { readWholeText } from "#tools/open-file.ts";
import { type OutlineEntry, type OutlineKind, languageOf, languages, outlineOf } from "#tools/outline.ts";
import { cutLine } from "#tools/text-lines.ts";
import type { Tool } from "#tools/tool.ts";

const maxFileBytes = 5 * 1024 ** 2;
const maxEntries = 500;
const shownLineLength = 200;

const sections: [string, OutlineKind[]][] = [
  ["Imports", ["import"]],
  ["Outline", ["class", "function", "type", "constant"]],
];

export const analyzeCode: Tool = {
  name: "analyze_code",
  description: `Shows the imports, classes, functions and types of a source file with their line numbers. Knows ${languages.map(({ name }) => name).join(", ")}.`,
  when_to_use: "You want to know what a source file holds before you read parts of it.",
  toolset: "files",
  parameters: {
    file_path: { type: "string", description: "The source file, relative to the workspace." },
    language: { type: "string", description: "Its language, when the name does not tell.", default: null },
  },
  examples: [{ file_path: "src/main.py" }],
  synonyms: { file_path: ["path", "filename", "file"], language: ["lang"] },
  paths: [{ argument: "file_path" }],
  approval: "auto",
  replay: "safe",
  timeoutMs: 30_000,
  async run(args, context) {
    const file = await workspaceOf(context).resolve(textOf(args, "file_path"));
    const named = textOf(args, "language") || null;
    const language = languageOf(file.path, named);
    if (!language) throw unknownLanguage(file.shown, named);
    const lines = (await readWholeText(file, maxFileBytes)).split(/\r?\n/);
    const entries = outlineOf(lines, language);
    const head = `File: ${file.shown} (${language.name}, ${lines.length} lines)`;
    if (entries.length === 0) return `${head}\nNo declarations found.`;
    const parts = sections.flatMap(([title, kinds]) =>
      section(
        title,
        entries.filter((each) => kinds.includes(each.kind)),
      ),
    );
    return [head, ...parts].join("\n");
  },
};

function unknownLanguage(shown: string, named: string | null): AppError {
  const what =
    named === null ? `The language of '${shown}' is not known here` : `The language '${named}' is not known here`;
  const known = languages.map(({ name }) => name).join(", ");
  return new AppError("unsupported", `${what}; known are ${known}. Use read_file or skim_files instead`);
}

function section(title: string, entries: OutlineEntry[]): string[] {
  if (entries.length === 0) return [];
  const lines = entries.slice(0, maxEntries).map(({ line, indent, text }) => {
    return `${line}: ${" ".repeat(Math.min(indent, 8))}${cutLine(text, shownLineLength)}`;
  });
  const more = entries.length - maxEntries;
  const last = entries[maxEntries - 1]?.line ?? 0;
  const note = more > 0 ? [`[truncated: ${more} more; read_file from line ${last}]`] : [];
  return ["", `${title}:`, ...lines, ...note];
}
