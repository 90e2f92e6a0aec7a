import type { GenerateRequest } from "#models/provider.ts";

/** What every provider accepts as the name of a tool. */
const accepted = /^[A-Za-z0-9_-]{1,64}$/;
const maxLength = 64;

/** Names of tools on the wire, and back: `mcp::lamps::turn_on` is a name that most providers refuse. */
export interface ToolNames {
  toWire(name: string): string;
  /** A name that was never sent stays as it is. */
  fromWire(name: string): string;
}

/** The mapping for one request: names that are accepted stay, the others get one that no other tool of the request has. */
export function createToolNames({ tools = [], messages }: Pick<GenerateRequest, "tools" | "messages">): ToolNames {
  const mentioned = messages.flatMap((message) => [
    ...(message.name === undefined ? [] : [message.name]),
    ...(message.tool_calls ?? []).map(({ name }) => name),
  ]);
  const names = [...new Set([...tools.map(({ name }) => name), ...mentioned])];
  const wire = new Map(names.filter((name) => accepted.test(name)).map((name) => [name, name]));
  const original = new Map(wire);
  for (const name of names) {
    if (wire.has(name)) continue;
    const free = freeName(name, original);
    wire.set(name, free);
    original.set(free, name);
  }
  return { toWire: (name) => wire.get(name) ?? name, fromWire: (name) => original.get(name) ?? name };
}

function freeName(name: string, taken: ReadonlyMap<string, string>): string {
  const plain = name.replace(/[^A-Za-z0-9_-]+/g, "_") || "tool";
  for (let attempt = 0; ; attempt++) {
    const suffix = attempt === 0 ? "" : `_${attempt + 1}`;
    const candidate = plain.slice(0, maxLength - suffix.length) + suffix;
    if (!taken.has(candidate)) return candidate;
  }
}
