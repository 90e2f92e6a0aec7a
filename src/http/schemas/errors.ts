import { Type as t } from "@sinclair/typebox";
import { anyValue, jsonObject, oneOf, text } from "#http/schemas/fields.ts";

export const ErrorBody = t.Object(
  {
    detail: text("One sentence: what went wrong, and with which value."),
    reason_code: t.Optional(text("Machine-readable reason, where there is one.")),
    required_role: t.Optional(text("Role that the request would need.")),
    resource_class: t.Optional(text("Class of the resource that was refused.")),
    action: t.Optional(oneOf(["read", "write"], "What was refused.")),
  },
  { $id: "ErrorBody", description: "Every error but a validation error." },
);

const ValidationIssue = t.Object(
  {
    type: text("Kind of the problem, such as `missing` or `int_parsing`."),
    loc: t.Array(t.Union([t.String(), t.Integer()]), { description: "Where: `body` or `query`, then field names." }),
    msg: text("The problem in words."),
    input: anyValue("What was given."),
    ctx: t.Optional(jsonObject("Bounds and reasons.")),
  },
  { $id: "ValidationIssue", description: "One thing that is wrong with a request." },
);

export const ValidationErrorBody = t.Object(
  { detail: t.Array(ValidationIssue, { description: "Everything that was found, in order of the fields." }) },
  { $id: "ValidationErrorBody", description: "A request whose body or query has the wrong shape." },
);
