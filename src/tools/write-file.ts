import { appendFile, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError } from "#core/errors.ts";
import { flagOf, textOf } from "#tools/argument-values.ts";
import { workspaceOf } from "#tools/create-workspace.ts";
import { errorCodeOf, fileError } from "#tools/file-error.ts";
import { replaceFile } from "#tools/replace-file.ts";
import { stopIfAborted } from "#tools/stop-if-aborted.ts";
import type { Tool } from "#tools/tool.ts";

const maxBytes = 10 * 1024 ** 2;

export const writeFile: Tool = {
  name: "write_file",
  description: "Writes text to a file: a new one, in place of an old one, or at its end.",
  when_to_use: "You make a new file or replace all of one. For a change within a file, edit_file is better.",
  toolset: "files",
  parameters: {
    file_path: { type: "string", description: "The file, relative to the workspace." },
    content: { type: "string", description: "The text." },
    mode: {
      type: "string",
      enum: ["w", "a", "x"],
      description: "w replaces what is there, a appends, x refuses when the file exists.",
      default: "w",
    },
    create_dirs: { type: "boolean", description: "Whether missing folders are made.", default: true },
  },
  examples: [{ file_path: "notes/today.md", content: "# Today\n" }],
  synonyms: {
    file_path: ["path", "filename", "file"],
    content: ["text", "contents", "data", "file_content", "body"],
    create_dirs: ["create_directories", "mkdir", "create_parent_dirs"],
  },
  paths: [{ argument: "file_path" }],
  approval: "required",
  replay: "ask",
  timeoutMs: 30_000,
  async run(args, context) {
    const file = await workspaceOf(context).resolve(textOf(args, "file_path"));
    const content = textOf(args, "content");
    const bytes = Buffer.byteLength(content);
    if (bytes > maxBytes) {
      throw new AppError(
        "too_large",
        `content has ${bytes} bytes; ${maxBytes} are allowed: write it in parts with mode a`,
      );
    }
    const mode = textOf(args, "mode", "w");
    try {
      const isNew = await isMissing(file.path, file.shown);
      if (!isNew && mode === "x") throw new AppError("conflict", `'${file.shown}' exists already`);
      stopIfAborted(context.signal);
      if (flagOf(args, "create_dirs")) await mkdir(dirname(file.path), { recursive: true });
      if (mode === "a") await appendFile(file.path, content);
      else await replaceFile(file.path, content);
      const what = mode === "a" ? "Appended" : "Wrote";
      const lines = content === "" ? 0 : content.replace(/\n$/, "").split("\n").length;
      const note = isNew ? "new file" : mode === "a" ? "at the end" : "replaced";
      return `${what} ${lines} lines (${bytes} bytes) to ${file.shown} (${note})`;
    } catch (error) {
      throw fileError(error, file.shown);
    }
  },
};

/** AppError `invalid_request` when something is there that is not a file. */
async function isMissing(path: string, shown: string): Promise<boolean> {
  try {
    const facts = await stat(path);
    if (facts.isDirectory()) throw new AppError("invalid_request", `'${shown}' is a folder, not a file`);
    if (!facts.isFile()) throw new AppError("invalid_request", `'${shown}' is not a regular file`);
    return false;
  } catch (error) {
    if (errorCodeOf(error) === "ENOENT") return true;
    throw error;
  }
}
