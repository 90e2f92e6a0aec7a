import { AppError } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { dumpJson } from "#core/python-json.ts";
import { pyStr, truthy } from "#core/python.ts";
import { type Value, isObject } from "#core/value.ts";
import { documentKind } from "#documents/document-kind.ts";
import {
  type FileCall,
  type FileOperation,
  countIn,
  maxDocumentBytes,
  pathIn,
  textIn,
} from "#effects/files/file-context.ts";
import { endingOf } from "#tools/file-family.ts";
import { listFolder, readExtensions } from "#tools/folder-listing.ts";
import { readWholeText, requireFile } from "#tools/open-file.ts";
import type { ResolvedPath } from "#tools/workspace.ts";
import { writeChunks } from "#tools/write-chunks.ts";

const maxTextBytes = 64 * 1024 * 1024;
/** Where nobody says how much of a document is wanted. */
export const defaultMaxChars = 2_000_000;

/** Text as it is, JSON as its value; of an office document its text. */
export const readFile: FileOperation = async (call) => {
  const file = await call.workspace.resolve(pathIn(call.input, "file_path", "path"));
  return { result: { content: await contentOf(call, file), file_path: file.shown } };
};

async function contentOf(call: FileCall, file: ResolvedPath): Promise<Value> {
  const kind = documentKind("", file.shown);
  if (kind !== null && kind !== "html") {
    await requireDocument(file);
    const pages = { first: 1, last: null };
    const document = Bun.file(file.path);
    return (await call.deps.documents.read(document, { kind, maxChars: defaultMaxChars, pages }, call.signal)).text;
  }
  const text = await readWholeText(file, maxTextBytes);
  if (endingOf(file.shown) === "json") return parseFile(text, file.shown);
  if (!/^\s*[{[]/.test(text)) return text;
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

export async function requireDocument(file: ResolvedPath): Promise<void> {
  const { size } = await requireFile(file);
  if (size > maxDocumentBytes) {
    throw new AppError("too_large", `'${file.shown}' has ${size} bytes; the limit here is ${maxDocumentBytes}`);
  }
}

function parseFile(text: string, shown: string): Value {
  try {
    return parseJson(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError("unprocessable", `'${shown}' is not valid JSON: ${reason}`, { cause: error });
  }
}

export const writeFile: FileOperation = async ({ input, workspace }) => {
  const file = await workspace.resolve(pathIn(input, "file_path", "path"));
  const text = textToWrite(input["content"] ?? null, file.shown);
  await writeChunks(file, text, { overwrite: true, makesFolders: true });
  return { result: { bytes: Buffer.byteLength(text), file_path: file.shown } };
};

function textToWrite(content: Value, shown: string): string {
  if (endingOf(shown) === "json") {
    const value = typeof content === "string" ? parseFile(content, shown) : content;
    return `${dumpJson(value, { indent: 2 })}\n`;
  }
  if (content === null) return "";
  return isObject(content) || Array.isArray(content) ? dumpJson(content, { indent: 2 }) : pyStr(content);
}

export const listFolderFiles: FileOperation = async ({ input, workspace, signal }) => {
  const extensions = input["extensions"];
  const texts = Array.isArray(extensions)
    ? extensions.filter((each) => typeof each === "string")
    : textIn(input, "extensions");
  const { entries, isTruncated } = await listFolder({
    workspace,
    path: textIn(input, "folder_path"),
    isRecursive: truthy(input["recursive"]),
    includesFolders: truthy(input["include_directories"]),
    family: textIn(input, "family").toLowerCase() || "any",
    extensions: readExtensions(texts),
    query: "",
    limit: countIn(input, "limit", { preset: 500, min: 1, max: 5000 }),
    maxDepth: countIn(input, "max_depth", { preset: 0, min: 0, max: 1000 }),
    signal,
  });
  const files = entries.flatMap(({ kind, path }) => (kind === "file" ? [path] : []));
  const listed = entries.map((entry) => ({ ...entry, size_bytes: entry.size_bytes ?? null }));
  return { result: { files, entries: listed, count: entries.length, truncated: isTruncated } };
};
