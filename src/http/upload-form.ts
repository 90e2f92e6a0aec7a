import { AppError } from "#core/errors.ts";
import { readBytes } from "#http/body.ts";
import { RequestIssues } from "#http/errors.ts";
import { readFlag } from "#http/query.ts";

/** Fields of a multipart form. RequestIssues when a field is missing or of the wrong kind; AppError `too_large`. */
export class UploadForm {
  #form: FormData;

  private constructor(form: FormData) {
    this.#form = form;
  }

  static async read(request: Request, limitBytes: number): Promise<UploadForm> {
    const bytes = await readBytes(request, limitBytes);
    const type = request.headers.get("content-type") ?? "";
    if (!/^multipart\/form-data\s*;/i.test(type)) return new UploadForm(new FormData());
    try {
      return new UploadForm(await new Response(bytes as BodyInit, { headers: { "content-type": type } }).formData());
    } catch {
      throw new AppError("invalid_request", "There was an error parsing the body");
    }
  }

  file(name: string): File {
    const value = this.#form.get(name);
    if (value instanceof File) return value;
    const issue =
      value === null
        ? { type: "missing", msg: "Field required", input: null }
        : { type: "value_error", msg: "Value error, a file is expected", input: value.slice(0, 200) };
    throw new RequestIssues([{ ...issue, loc: ["body", name] }]);
  }

  /** Null when it is absent or empty. */
  text(name: string): string | null {
    const value = this.#form.get(name);
    if (value === null || typeof value === "string") return value || null;
    throw new RequestIssues([
      { type: "string_type", loc: ["body", name], msg: "Input should be a valid string", input: null },
    ]);
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.#form.get(name);
    if (value === null) return fallback;
    if (typeof value === "string") return readFlag(value, ["body", name]);
    throw new RequestIssues([
      { type: "bool_type", loc: ["body", name], msg: "Input should be a valid boolean", input: null },
    ]);
  }
}
