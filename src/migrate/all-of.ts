import type { MigrationSource } from "#migrate/source.ts";
import type { Warnings } from "#migrate/warnings.ts";

/** Several data folders as one: that of the gateway and those of its users. What two of them have is taken from the first. */
export function allOf(sources: MigrationSource[], warnings: Warnings): MigrationSource {
  const owners = new Map<string, MigrationSource>();
  const runIds = async () => {
    for (const source of sources) {
      for (const runId of await source.runIds()) {
        const owner = owners.get(runId);
        if (!owner) owners.set(runId, source);
        else if (owner !== source) warnings.add("run", `${runId} is in two data folders; the first one is taken`);
      }
    }
    return [...owners.keys()];
  };
  return {
    name: sources[0]?.name ?? "",
    runIds,
    run: (runId) => owners.get(runId)?.run(runId) ?? Promise.resolve(null),
    async *records(runId) {
      const owner = owners.get(runId);
      if (owner) yield* owner.records(runId);
    },
    async *commands() {
      for (const source of sources) yield* source.commands();
    },
    async *artifacts() {
      for (const source of sources) yield* source.artifacts();
    },
    async *bundles() {
      for (const source of sources) yield* source.bundles();
    },
    async *startKeys() {
      for (const source of sources) yield* source.startKeys();
    },
    async *memory() {
      for (const source of sources) yield* source.memory();
    },
    async close() {
      for (const source of sources) await source.close();
    },
  };
}
