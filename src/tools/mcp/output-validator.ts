import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv";
import type { jsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/types.js";

/**
 * Checks results against a tool's output schema. A schema that cannot be compiled checks nothing: else one odd schema would take away all
 * tools of its server.
 */
export function lenientValidator(): jsonSchemaValidator {
  const strict = new AjvJsonSchemaValidator();
  return {
    getValidator<T>(schema: Parameters<jsonSchemaValidator["getValidator"]>[0]) {
      try {
        return strict.getValidator<T>(schema);
      } catch {
        return (input: unknown) => ({ valid: true, data: input as T, errorMessage: undefined });
      }
    },
  };
}
