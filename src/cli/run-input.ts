import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { AppError, messageOf } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";

/**
 * Input of a run from the texts of `--input`, later ones over earlier ones: a JSON object, `@file` with one, or `name=value`, where the value
 * is JSON when it reads as JSON and text otherwise. AppError `invalid_request` names the text that cannot be read.
 */
export async function readInput(texts: string[], cwd: string): Promise<JsonObject> {
  const input: JsonObject = {};
  for (const text of texts) Object.assign(input, await readOne(text, cwd));
  return input;
}

async function readOne(text: string, cwd: string): Promise<JsonObject> {
  if (text.startsWith("@")) return objectOf(await readText(resolve(cwd, text.slice(1))), text);
  if (text.trimStart().startsWith("{")) return objectOf(text, text);
  const equals = text.indexOf("=");
  if (equals < 1) {
    throw new AppError("invalid_request", `Input '${text}' is none of: a JSON object, name=value, @file.`);
  }
  return { [text.slice(0, equals)]: valueOf(text.slice(equals + 1)) };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new AppError("invalid_request", `The input file ${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function objectOf(json: string, source: string): JsonObject {
  let value: Value;
  try {
    value = parseJson(json);
  } catch (cause) {
    throw new AppError("invalid_request", `Input '${source}' is not JSON: ${messageOf(cause)}`, { cause });
  }
  if (!isObject(value)) throw new AppError("invalid_request", `Input '${source}' must be a JSON object.`);
  return value;
}

function valueOf(text: string): Value {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
