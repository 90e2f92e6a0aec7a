import { AppError, messageOf } from "#core/errors.ts";
import { readBytes } from "#http/body.ts";
import { RequestIssues } from "#http/errors.ts";
import { checkMedia } from "#models/media/check-media.ts";
import type { MediaInput } from "#models/media/media.ts";

/** A form of OpenAI's clients: texts, and files small enough for memory. AppErrors `too_large`, `invalid_request`. */
export async function readMediaForm(request: Request, limitBytes: number): Promise<FormData> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^multipart\/form-data\s*;/i.test(type)) throw missing("file", "the request is no multipart form");
  const bytes = await readBytes(request, limitBytes);
  try {
    return await new Response(bytes as BodyInit, { headers: { "content-type": type } }).formData();
  } catch (error) {
    throw new AppError("invalid_request", `The form cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

export function textField(form: FormData, name: string): string | null {
  const value: unknown = form.get(name);
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}

/** A number of a form; null when it is not there. RequestIssues when it is none in the range. */
export function numberField(form: FormData, name: string, [least, most]: [number, number]): number | null {
  const text = textField(form, name);
  if (text === null) return null;
  const value = Number(text);
  if (value >= least && value <= most) return value;
  throw new RequestIssues([
    {
      type: "value_error",
      loc: ["body", name],
      msg: `Value error, a number from ${least} to ${most} is expected`,
      input: text.slice(0, 100),
    },
  ]);
}

/** The file of a field; null when it is not there. AppError `invalid_request` for an image that is none. */
export async function fileField(form: FormData, name: string, family: "image" | "audio"): Promise<MediaInput | null> {
  const value: unknown = form.get(name) ?? form.get(`${name}[]`);
  if (value === null) return null;
  if (!(value instanceof Blob)) throw missing(name, "a file is expected");
  const bytes = await value.bytes();
  const given = value instanceof File ? value.name : "";
  if (bytes.length === 0) throw missing(name, "the file is empty");
  if (family === "image") checkMedia("image", bytes, { subject: `'${name}'`, code: "invalid_request" });
  return { bytes, contentType: value.type || "application/octet-stream", name: given || name };
}

export function missing(name: string, reason: string): RequestIssues {
  return new RequestIssues([{ type: "missing", loc: ["body", name], msg: `Field required: ${reason}`, input: null }]);
}
