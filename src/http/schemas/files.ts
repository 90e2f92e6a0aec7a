import { Type as t } from "@sinclair/typebox";
import { flag, jsonObject, text } from "#http/schemas/fields.ts";

const workspace = {
  workspace_root: t.Optional(text("Folder in which paths begin; only with the operator's leave.")),
  workspace_access_mode: t.Optional(text("workspace_only, workspace_or_allowed or all_except_ignored.")),
  workspace_allowed_paths: t.Optional(text("Further folders, one a line.")),
  workspace_ignored_paths: t.Optional(text("Folders that no path may lead to, one a line.")),
};

export const FilesListQuery = t.Object({
  path: t.Optional(t.String({ default: "", description: "The folder; empty: the root." })),
  recursive: t.Optional(t.Boolean({ default: false, description: "Whether folders inside are listed too." })),
  include_directories: t.Optional(t.Boolean({ default: true, description: "Whether folders are named." })),
  family: t.Optional(
    t.String({
      default: "any",
      description: "any, image, video, audio, document, text, code, json, archive or other.",
    }),
  ),
  extensions: t.Optional(text("Endings, separated by commas.")),
  query: t.Optional(text("Part of the name.")),
  limit: t.Optional(t.Integer({ default: 200, minimum: 1, maximum: 5000, description: "Entries at most." })),
  max_depth: t.Optional(t.Integer({ default: 0, minimum: 0, maximum: 50, description: "0: as deep as it goes." })),
  ...workspace,
});

export const FilesSearchQuery = t.Object({
  query: t.Optional(text("Words that the path must have in it.")),
  limit: t.Optional(t.Integer({ default: 20, minimum: 1, maximum: 200, description: "Files at most." })),
  ...workspace,
});

export const FilesReadQuery = t.Object({
  path: t.Optional(text("The file.")),
  start_line: t.Optional(t.Integer({ default: 1, minimum: 1, description: "First line." })),
  end_line: t.Optional(t.Integer({ minimum: 1, description: "Last line; the end of the file when absent." })),
  ...workspace,
});

export const FilesSkimQuery = t.Object({
  path: t.Optional(text("The file.")),
  target_percent: t.Optional(
    t.Number({ default: 8, minimum: 1, maximum: 25, description: "Share of the lines that is shown." }),
  ),
  head_lines: t.Optional(
    t.Integer({ default: 25, minimum: 0, maximum: 200, description: "Lines shown from the beginning." }),
  ),
  tail_lines: t.Optional(
    t.Integer({ default: 25, minimum: 0, maximum: 200, description: "Accepted; the end is skimmed like the rest." }),
  ),
  ...workspace,
});

export const FilesListReply = t.Object(
  {
    folder_path: text("The folder, as the workspace names it."),
    items: t.Array(jsonObject("path, name, kind (`folder` or `file`), family, mount and size_bytes."), {
      description: "What lies in it.",
    }),
    truncated: flag("Whether there is more."),
  },
  { $id: "FilesList", description: "What lies in a folder." },
);

export const FilesSearchReply = t.Object(
  { items: t.Array(jsonObject("path, mount and size_bytes."), { description: "Best first." }) },
  { $id: "FilesSearch", description: "Files that fit." },
);

export const FileTextReply = t.Object(
  { path: text("The file, as the workspace names it."), content: text("The text, or why there is none.") },
  { $id: "FileText", description: "Text of a file." },
);

export const OpenedFolder = t.Object(
  {
    ok: flag("True."),
    opened: flag("True."),
    run_id: text("Id of the run."),
    workspace_root: text("The folder."),
    opener: text("Program that shows it."),
  },
  { $id: "OpenedFolder", description: "The folder that was opened." },
);
