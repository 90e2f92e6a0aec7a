import type { StepRecord } from "#core/record.ts";
import { type Value, isObject } from "#core/value.ts";

const textKeys = ["response", "answer", "message", "text", "content", "result", "output"];

/** What a run's output says to a person; null when it says nothing. */
export function outputText(output: Value): string | null {
  if (typeof output === "string") return output.trim() === "" ? null : output;
  if (!isObject(output)) return null;
  for (const key of textKeys) {
    const value = output[key];
    if (typeof value === "string" && value.trim() !== "") return value;
    if (isObject(value)) {
      const inner = outputText(value);
      if (inner !== null) return inner;
    }
  }
  return null;
}

/** The text of an `answer_user` that is done; null for every other record. */
export function answerText(record: StepRecord): string | null {
  if (record.effect?.type !== "answer_user" || record.status !== "completed" || !isObject(record.result)) return null;
  const message = record.result["message"];
  return typeof message === "string" && message !== "" ? message : null;
}

const maxFiles = 10;
const maxDepth = 4;

/** References to files in an output, each once. */
export function outputFiles(output: Value): { artifactId: string; name: string; contentType: string }[] {
  const found = new Map<string, { artifactId: string; name: string; contentType: string }>();
  const walk = (value: Value, depth: number): void => {
    if (depth > maxDepth || found.size >= maxFiles) return;
    if (Array.isArray(value)) return value.forEach((each) => walk(each, depth + 1));
    if (!isObject(value)) return;
    const artifactId = value["$artifact"];
    const contentType = value["content_type"];
    if (typeof artifactId === "string" && typeof contentType === "string") {
      const name = value["filename"];
      found.set(artifactId, { artifactId, contentType, name: typeof name === "string" ? name : artifactId });
      return;
    }
    for (const each of Object.values(value)) walk(each, depth + 1);
  };
  walk(output, 0);
  return [...found.values()];
}
