import type { Attachment, Attachments } from "#artifacts/attachments.ts";
import { AppError } from "#core/errors.ts";
import type { JsonObject, Value } from "#core/value.ts";
import { countOf, textOf } from "#tools/argument-values.ts";
import type { Tool, ToolContext } from "#tools/tool.ts";

const maxLine = Number.MAX_SAFE_INTEGER;
const maxCandidates = 8;

/** Reads what was attached to the session: a text as numbered lines; anything else is shown to the model with its next turn, if it can see it. */
export function openAttachmentTool(attachments: Attachments): Tool {
  return {
    name: "open_attachment",
    description:
      "Opens a file that was attached to this session: text comes back as numbered lines; a picture or document is shown to you with your next turn.",
    when_to_use: "The user refers to an attachment whose content you have not seen.",
    toolset: "files",
    parameters: {
      artifact_id: { type: "string", description: "Its id, when you know it.", default: null },
      handle: { type: "string", description: "Its name or path, when you do not know the id.", default: null },
      expected_sha256: { type: "string", description: "Fails when its content is another.", default: null },
      start_line: { type: "integer", description: "First line of a text, counted from 1.", default: 1 },
      end_line: { type: "integer", description: "Last line, itself included; null for the end.", default: null },
      max_chars: { type: "integer", description: "Longest text that is answered; 0 for all of it.", default: 8000 },
    },
    examples: [{ handle: "report.txt" }, { artifact_id: "0f3a…", start_line: 100, end_line: 200 }],
    synonyms: { handle: ["path", "filename", "name", "file"], artifact_id: ["id", "attachment_id"] },
    approval: "auto",
    replay: "safe",
    timeoutMs: 30_000,
    run: (args, context) => open(attachments, args, context),
  };
}

async function open(attachments: Attachments, args: JsonObject, { run }: ToolContext): Promise<Value> {
  const found = await choose(attachments, args, run);
  const expected = textOf(args, "expected_sha256").trim().toLowerCase();
  if (expected !== "" && expected !== found.sha256) {
    throw new AppError("conflict", `'${found.handle}' has another content: its SHA-256 is ${found.sha256}`);
  }
  const { artifactId, handle, sha256, contentType } = found;
  const known = { artifact_id: artifactId, handle, sha256, content_type: contentType };
  const text = plainText(found, await attachments.read(found));
  if (text !== null) return { ...known, ...page(handle, text, args), media: [] };
  const rendered = `'${handle}' (${contentType}, ${found.sizeBytes} bytes) goes to you with your next turn.`;
  const media = [{ $artifact: artifactId, filename: found.filename, content_type: contentType }];
  return { ...known, start_line: null, end_line: null, rendered, media };
}

async function choose(attachments: Attachments, args: JsonObject, run: ToolContext["run"]): Promise<Attachment> {
  const id = textOf(args, "artifact_id").trim();
  const handle = textOf(args, "handle").trim().replace(/^@/, "");
  if (id !== "") {
    const found = await attachments.find(run, id);
    if (found) return found;
  }
  const stored = await attachments.list(run);
  if (id === "" && handle === "") throw new AppError("invalid_request", `give artifact_id or handle${names(stored)}`);
  const same = (text: string) => text.toLowerCase() === handle.toLowerCase();
  const matches = handle === "" ? [] : stored.filter((each) => same(each.handle) || same(each.filename));
  // The newest of one path stands for the earlier ones: they are its former contents.
  const paths = new Map(matches.toReversed().map((each) => [each.handle, each]));
  const [first] = paths.values();
  if (first && paths.size === 1) return first;
  if (first) throw new AppError("invalid_request", `'${handle}' is ambiguous${names([...paths.values()])}`);
  throw new AppError("not_found", `there is no attachment '${handle || id}'${names(stored)}`);
}

function names(stored: Attachment[]): string {
  if (stored.length === 0) return "; this session has no attachments";
  const listed = stored
    .slice(0, maxCandidates)
    .map(({ handle, artifactId }) => `'${handle}' (artifact_id ${artifactId})`);
  return `; there is ${listed.join(", ")}${stored.length > maxCandidates ? ", …" : ""}`;
}

function plainText({ contentType }: Attachment, bytes: Uint8Array): string | null {
  if (/^(?:image|audio|video|font)\//.test(contentType) && !contentType.includes("svg")) return null;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\u0000") ? null : text;
  } catch {
    return null;
  }
}

function page(handle: string, text: string, args: JsonObject) {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const start = countOf(args, "start_line", { min: 1, max: maxLine, otherwise: 1 });
  const end = Math.min(lines.length, countOf(args, "end_line", { min: 0, max: maxLine, otherwise: maxLine }));
  if (start > Math.max(1, lines.length)) {
    throw new AppError("invalid_request", `'${handle}' has ${lines.length} lines; start_line ${start} is past its end`);
  }
  const given = args["max_chars"];
  const maxChars = typeof given === "number" ? (given <= 0 ? Number.POSITIVE_INFINITY : given) : 8000;
  const shown: string[] = [];
  let used = 0;
  for (let at = start; at <= end; at++) {
    const line = `${at}: ${lines[at - 1]}`;
    if (used + line.length > maxChars && shown.length > 0) break;
    shown.push(used + line.length > maxChars ? `${line.slice(0, Math.max(0, maxChars - used))}…` : line);
    used += line.length + 1;
  }
  const last = start + shown.length - 1;
  const head = `Attachment: ${handle} (lines ${start}-${last} of ${lines.length})`;
  const more = last < end ? [`[truncated: continue with start_line=${last + 1}]`] : [];
  return { start_line: start, end_line: last, rendered: [head, "", ...shown, ...more].join("\n") };
}
