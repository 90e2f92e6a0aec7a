import { SdkError } from "#sdk/sdk-error.ts";
import { type TransportOptions, createTransport } from "#sdk/transport.ts";

/** One operation of the API document. */
export interface OperationRow {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With `{names}` of path parameters. */
  path: string;
  /** `response`: the body is read by the caller, as bytes or as events. */
  reply: "json" | "response";
}

export interface OperationOptions {
  path?: Record<string, string>;
  query?: object;
  /** Sent as JSON. */
  body?: unknown;
  form?: FormData;
  /** The body as it is. A `Blob` of a file is streamed from the disk. */
  bytes?: Blob | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Calls an operation by its name. SdkError with the server's own words for every answer that is not 2xx. */
export type CallOperation = (name: string, options?: OperationOptions) => Promise<unknown>;

/** The whole API by the names of its document: what has no function of its own in the client is called by its name. */
export function createCall(options: TransportOptions, table: Record<string, OperationRow>): CallOperation {
  const send = createTransport(options);
  return async (name, { path = {}, query, body, form, bytes, headers, signal } = {}) => {
    const row = table[name];
    if (!row) throw new SdkError(null, `The API has no operation '${name}'.`);
    const answer = await send(filled(row.path, path), {
      method: row.method,
      // Uploads and downloads last as long as they last.
      stream: row.reply === "response" || form !== undefined || bytes !== undefined,
      ...(query === undefined ? {} : { query }),
      ...(body === undefined ? {} : { json: body }),
      ...(form === undefined ? {} : { form }),
      ...(bytes === undefined ? {} : { bytes }),
      ...(headers === undefined ? {} : { headers }),
      ...(signal === undefined ? {} : { signal }),
    });
    if (row.reply === "response") return answer;
    return answer.json() as Promise<unknown>;
  };
}

function filled(template: string, values: Record<string, string>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined || value === "") throw new SdkError(null, `The path parameter '${name}' is missing.`);
    return encodeURIComponent(value);
  });
}
