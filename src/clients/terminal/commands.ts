import { AppError } from "#core/errors.ts";
import type { JsonObject, Value } from "#core/value.ts";
import { type ScreenName, screenNames } from "#clients/terminal/screen-names.ts";

export interface Target {
  bundle_id: string;
  flow_id?: string;
}

/** What a line that begins with `/` asks for. */
export type Order =
  | { kind: "go"; screen: ScreenName }
  | { kind: "new"; target: Target | null }
  | { kind: "bundle"; target: Target }
  | { kind: "model"; model: { provider: string; model: string } | null }
  | { kind: "session"; id: string }
  | { kind: "run"; target: Target; input: JsonObject }
  | { kind: "log"; runId: string }
  | { kind: "cancel" | "help" | "quit" };

/** AppError `invalid_request` says what was expected. */
export function orderOf(line: string): Order {
  const [name = "", ...words] = line
    .trim()
    .replace(/^[/:]+/, "")
    .split(/\s+/);
  const screen = screenNames.find((each) => each === name);
  if (screen) return { kind: "go", screen };
  const [first] = words;
  switch (name) {
    case "new":
      return { kind: "new", target: first === undefined ? null : targetOf(first) };
    case "bundle":
      return { kind: "bundle", target: targetOf(needed(first, "/bundle name")) };
    case "model":
      return { kind: "model", model: first === undefined ? null : modelOf(first) };
    case "session":
      return { kind: "session", id: needed(first, "/session id") };
    case "run":
      return {
        kind: "run",
        target: targetOf(needed(first, "/run bundle name=value …")),
        input: inputOf(words.slice(1)),
      };
    case "log":
    case "logs":
      return { kind: "log", runId: needed(first, "/log run") };
    case "cancel":
    case "help":
      return { kind: name };
    case "quit":
    case "q":
    case "exit":
      return { kind: "quit" };
    default:
      throw new AppError("invalid_request", `There is no command '/${name}'. ? shows those that there are.`);
  }
}

function needed(word: string | undefined, usage: string): string {
  if (word !== undefined) return word;
  throw new AppError("invalid_request", `It is: ${usage}`);
}

/** `name`, `name@version`, either with `:flow`. */
export function targetOf(text: string): Target {
  const [bundle = "", flow] = text.split(":", 2);
  return { bundle_id: bundle, ...(flow ? { flow_id: flow } : {}) };
}

/** `provider/model`; a model's name may have slashes itself. */
export function modelOf(text: string): { provider: string; model: string } {
  const slash = text.indexOf("/");
  if (slash > 0 && slash < text.length - 1) return { provider: text.slice(0, slash), model: text.slice(slash + 1) };
  throw new AppError("invalid_request", `'${text}' is no provider/model, such as local/Qwen3-4B-Q4_K_M.`);
}

/** `name=value` words; a word without `=` goes on with the value before it. */
function inputOf(words: string[]): JsonObject {
  const pairs: [name: string, text: string][] = [];
  for (const word of words) {
    const equals = word.indexOf("=");
    const last = pairs.at(-1);
    if (equals > 0) pairs.push([word.slice(0, equals), word.slice(equals + 1)]);
    else if (last) last[1] += ` ${word}`;
    else throw new AppError("invalid_request", `'${word}' is no name=value.`);
  }
  return Object.fromEntries(pairs.map(([name, text]) => [name, valueOf(text)]));
}

/** JSON when it reads as JSON, else text: as `run --input` has it. */
function valueOf(text: string): Value {
  try {
    return JSON.parse(text) as Value;
  } catch {
    return text;
  }
}
