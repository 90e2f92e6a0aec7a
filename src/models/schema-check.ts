import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { AppError, messageOf } from "#core/errors.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";

/** Answers with more fields than were asked for are good answers. */
const harmless = ["additionalProperties", "unevaluatedProperties"];
const maxProblems = 5;

/**
 * What is wrong with a model's data, in words that the model can act on; null when nothing is. AppError `invalid_request` for a schema that
 * is none.
 */
export function createSchemaCheck(schema: JsonObject): (data: Value) => string | null {
  const validate = compile(schema);
  return (data) => {
    if (data === null) return "it is not JSON";
    const plain: unknown = JSON.parse(JSON.stringify(data));
    const problems = problemsOf(validate, plain);
    if (problems.length === 0) return null;
    // `answer-data.ts` wraps what is no object; the schema may ask for just that.
    const inner = isObject(plain) && Object.keys(plain).length === 1 ? plain["value"] : undefined;
    if (inner !== undefined && problemsOf(validate, inner).length === 0) return null;
    return problems.slice(0, maxProblems).map(sentence).join("; ");
  };
}

function compile(schema: JsonObject): ValidateFunction {
  try {
    return new Ajv({ strict: false, allErrors: true, validateFormats: false, logger: false }).compile(schema);
  } catch (cause) {
    throw new AppError("invalid_request", `The response schema cannot be used: ${messageOf(cause)}`, { cause });
  }
}

function problemsOf(validate: ValidateFunction, data: unknown): ErrorObject[] {
  if (validate(data)) return [];
  return (validate.errors ?? []).filter(({ keyword }) => !harmless.includes(keyword));
}

function sentence({ instancePath, message, params, keyword }: ErrorObject): string {
  const where = instancePath === "" ? "the answer" : instancePath.slice(1).replaceAll("/", ".");
  const allowed = keyword === "enum" ? `: ${JSON.stringify((params as { allowedValues: unknown }).allowedValues)}` : "";
  return `${where} ${message ?? "is wrong"}${allowed}`;
}
