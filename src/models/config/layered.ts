import type { CapabilityDefaults, DefaultsBook } from "#models/config/capability-defaults.ts";
import type { Connection, ConnectionBook, Connections } from "#models/config/connections.ts";

/** What one user set, and below it what holds for everybody. Changes are the user's. */
export function layeredDefaults(own: CapabilityDefaults, below: CapabilityDefaults): DefaultsBook {
  return {
    get: (key) => own.get(key) ?? below.get(key),
    list(others) {
      const given = below.list(others);
      const inherited = given.map(({ key, provider, model, source }) => [
        key,
        provider !== null && model !== null && source !== "none"
          ? { provider, model, source: source === "gateway_config" ? ("environment" as const) : source }
          : undefined,
      ]);
      return own.list(Object.fromEntries(inherited));
    },
    set: (key, route) => own.set(key, route),
    remove: (key) => own.remove(key),
  };
}

/** A user's connections, and those that an administrator made for everybody (scope `gateway`). */
export function layeredConnections(own: Connections, shared: Connections): ConnectionBook {
  const forAll = () => shared.list().filter(isForAll);
  const find = (id: string): { connection: Connection; book: Connections } | null => {
    const mine = own.get(id);
    if (mine) return { connection: mine, book: own };
    const common = forAll().find((each) => each.id === id);
    return common ? { connection: common, book: shared } : null;
  };
  return {
    list() {
      const mine = own.list();
      const ids = new Set(mine.map(({ id }) => id));
      return [...mine, ...forAll().filter(({ id }) => !ids.has(id))].toSorted((a, b) => (a.id < b.id ? -1 : 1));
    },
    get: (id) => find(id)?.connection ?? null,
    keyOf: (connection) => own.keyOf(connection),
    async put(id, input) {
      const before = find(id);
      const scope = input.scope ?? before?.connection.scope ?? "user";
      const book = scope === "gateway" ? shared : own;
      const made = await book.put(id, { ...input, scope });
      if (before && before.book !== book && before.book === own) await own.remove(id);
      return made;
    },
    remove: async (id) => (await find(id)?.book.remove(id)) ?? false,
  };
}

function isForAll({ scope }: Connection): boolean {
  return scope === "gateway";
}
