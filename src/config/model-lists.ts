import { AppError, messageOf } from "#core/errors.ts";
import { checkedUrl } from "#config/variable.ts";
import type { ModelSettings } from "#config/settings.ts";

type Endpoint = ModelSettings["endpoints"][number];

/** `{"openai/gpt-5": {"input": 1.25, "output": 10, "cachedInput": 0.125}}` */
export function readPrices(text: string, name: string): ModelSettings["prices"] {
  const value = readJson(text, name);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AppError("invalid_request", `${name} must be an object of prices by model`);
  }
  return Object.fromEntries(
    Object.entries(value).map(([model, price]) => [model, readPrice(price, `${name}: ${model}`)]),
  );
}

function readPrice(value: unknown, where: string): ModelSettings["prices"][string] {
  const { input, output, cachedInput } = (typeof value === "object" && value ? value : {}) as Record<string, unknown>;
  const isPrice = (number: unknown): number is number => typeof number === "number" && number >= 0 && number < 1e6;
  if (!isPrice(input) || !isPrice(output) || (cachedInput !== undefined && !isPrice(cachedInput))) {
    throw new AppError(
      "invalid_request",
      `${where} needs input and output, and may have cachedInput: dollars for a million tokens`,
    );
  }
  return { input, output, ...(cachedInput === undefined ? {} : { cachedInput }) };
}

/** `[{"id":"lab","baseUrl":"http://…/v1","apiKey":"…","label":"…"}]` */
export function readEndpoints(text: string, name: string): Endpoint[] {
  const list = readJson(text, name);
  if (!Array.isArray(list)) throw new AppError("invalid_request", `${name} must be a list`);
  const endpoints = list.map((each: unknown, index) => readEndpoint(each, `${name}[${index}]`));
  const ids = endpoints.map((endpoint) => endpoint.id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new AppError("invalid_request", `${name}: the id '${twice}' is there twice`);
  return endpoints;
}

function readEndpoint(value: unknown, where: string): Endpoint {
  if (typeof value !== "object" || value === null) throw new AppError("invalid_request", `${where} must be an object`);
  const { id, baseUrl, apiKey, label } = value as Record<string, unknown>;
  if (typeof id !== "string" || !/^[a-z0-9._-]+$/.test(id)) {
    throw new AppError("invalid_request", `${where}.id must be a short lower-case name`);
  }
  return {
    id,
    kind: "openai-compatible",
    baseUrl: checkedUrl(typeof baseUrl === "string" ? baseUrl : "", `${where}.baseUrl`),
    apiKey: typeof apiKey === "string" && apiKey !== "" ? apiKey : null,
    label: typeof label === "string" ? label : id,
  };
}

function readJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AppError("invalid_request", `${name} is not JSON: ${messageOf(error)}`, { cause: error });
  }
}
