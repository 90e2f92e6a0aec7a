import type { TObject, TSchema } from "@sinclair/typebox";
import { ErrorBody, ValidationErrorBody } from "#http/schemas/errors.ts";

/** What the API document says about one operation, beside its path. The same schemas check the requests. */
export interface OperationOptions {
  /** Unique name, in lower camel case. */
  id: string;
  summary: string;
  description?: string;
  tag:
    | "gateway"
    | "people"
    | "runs"
    | "ledger"
    | "commands"
    | "bundles"
    | "discovery"
    | "artifacts"
    | "media"
    | "models"
    | "config"
    | "webhooks"
    | "memory"
    | "openai";
  /** Path parameters and what they are. */
  path?: Record<string, string>;
  query?: TObject;
  /** Header parameters and what they are. */
  headers?: Record<string, string>;
  body?: TSchema;
  form?: TSchema;
  /** What the bytes of the body are, when it is neither JSON nor a form. */
  bytes?: string;
  /** Body of the 200 reply, JSON unless `responseType` says otherwise. */
  response: TSchema;
  responseType?: string;
  /** Body of the 202 reply to those who do not want to wait. */
  accepted?: TSchema;
  /** Statuses of errors beside 401, 403, 429 and, with query or body, 422. */
  errors?: number[];
}

/** Words for the errors of the document. */
const errorWords: Record<number, string> = {
  400: "The request cannot be carried out as it is",
  401: "The credential is missing or wrong",
  403: "The origin or the role is not allowed",
  404: "There is no such thing",
  409: "It cannot be done in the present state",
  410: "It was there, and is lost",
  413: "The body is too large",
  429: "Too many requests at once, or too many failed sign-ins",
  507: "The disk is full or cannot be written",
  501: "This gateway cannot do that",
  502: "The provider failed",
  503: "Not available now",
};

/** Options of an Elysia route: only documentation. Reading and checking of the request is done by the handler, with the same schemas. */
export function operation(options: OperationOptions) {
  const parameters = [
    ...Object.entries(options.path ?? {}).map(([name, description]) => ({
      name,
      in: "path" as const,
      required: true,
      description,
      schema: { type: "string" as const },
    })),
    ...queryParameters(options.query),
    ...Object.entries(options.headers ?? {}).map(([name, description]) => ({
      name,
      in: "header" as const,
      required: false,
      description,
      schema: { type: "string" as const },
    })),
  ];
  const detail = {
    operationId: options.id,
    summary: options.summary,
    ...(options.description ? { description: options.description } : {}),
    tags: [options.tag],
    parameters,
    ...requestBody(options),
    responses: responses(options),
  };
  // The plugin's types know only OpenAPI 3.0 schemas; `openapi.ts` makes 3.1 of them.
  return { parse: "none" as const, detail: detail as object };
}

function queryParameters(query: TObject | undefined) {
  return Object.entries(query?.properties ?? {}).map(([name, schema]) => {
    const { description, ...rest } = schema;
    return { name, in: "query" as const, required: false, description, schema: rest };
  });
}

function requestBody({ body, form, bytes }: OperationOptions) {
  if (bytes !== undefined) {
    const schema = { type: "string", format: "binary", description: bytes };
    return { requestBody: { required: true, content: { "application/octet-stream": { schema } } } };
  }
  if (body) return { requestBody: { required: true, content: { "application/json": { schema: body } } } };
  if (form) return { requestBody: { required: true, content: { "multipart/form-data": { schema: form } } } };
  return {};
}

function acceptedReply(schema: TSchema) {
  return { description: schema.description ?? "Accepted", content: { "application/json": { schema } } };
}

function responses(options: OperationOptions) {
  const guarded = options.id !== "health";
  const statuses = [...(guarded ? [401, 403, 429] : []), ...(options.errors ?? [])].sort((a, b) => a - b);
  const errors = statuses.map((status) => [
    String(status),
    { description: errorWords[status] ?? "Error", content: { "application/json": { schema: ErrorBody } } },
  ]);
  const invalid = {
    description: "The body or the query has the wrong shape",
    content: { "application/json": { schema: ValidationErrorBody } },
  };
  return {
    "200": {
      description: options.response.description ?? "Done",
      content: { [options.responseType ?? "application/json"]: { schema: options.response } },
    },
    ...(options.accepted ? { "202": acceptedReply(options.accepted) } : {}),
    ...Object.fromEntries(errors),
    ...(options.query || options.body || options.form ? { "422": invalid } : {}),
  };
}
