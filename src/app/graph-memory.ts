import { join } from "node:path";
import type { Settings } from "#config/settings.ts";
import { messageOf } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import type { Ledger } from "#ledger/ledger.ts";
import type { Embedder } from "#memory/embedder.ts";
import { type CachedEmbedder, cachedEmbedder } from "#memory/embedding-cache.ts";
import type { GraphMemory } from "#memory/graph/graph-memory.ts";
import { Knowledge } from "#memory/knowledge.ts";
import { type SemanticsRegistry, loadSemantics, predicateReader } from "#memory/semantics.ts";
import { hasLancedb } from "#memory/lancedb.ts";
import { createStoreShelf } from "#memory/shelf.ts";
import { embedTexts } from "#models/embed.ts";
import type { ProviderRegistry } from "#models/provider.ts";

export interface OpenedMemory extends GraphMemory {
  semantics: SemanticsRegistry;
  /** This process is the one that applies from now on: what another one left is taken up where nobody may ask here. */
  takeUp(): void;
  close(): Promise<void>;
}

/** The knowledge graph of this process. Nothing of it is opened before it is used. */
export async function createGraphMemory(parts: {
  settings: Settings;
  ledger: Ledger;
  providers: ProviderRegistry;
  environment: Record<string, string | undefined>;
  report: (message: string) => void;
  /** Whether this process has the runner, of which there is one. */
  hasRunner: () => boolean;
  /** Other processes of this data folder answer questions too. */
  isShared: boolean;
}): Promise<OpenedMemory> {
  const { settings, ledger, providers, environment, report, isShared } = parts;
  const { dir, uri, bucket, globalId, semanticsPath } = settings.memory;
  const backend = usableBackend(settings.memory.backend, report);
  const semantics = await loadSemantics(semanticsPath);
  const embedder = lazily(() => cachedEmbedder(gatewayEmbedder(providers), join(dir, "embeddings.sqlite3")));
  const knowledge = new Knowledge({
    log: ledger,
    stores: createStoreShelf({ backend, dir, uri, bucket, cacheDir: settings.models.cacheDir, env: environment }),
    embedder,
    // A graph in memory is each process's own; one on disk has one writer, the process with the runner.
    applies: () => backend === "memory" || parts.hasRunner(),
    report,
  });
  const unsubscribe = ledger.subscribe(({ memory }) => memory && knowledge.soon());
  return {
    knowledge,
    semantics,
    readPredicate: predicateReader(semantics),
    globalId,
    newId,
    takeUp() {
      if (!isShared) return;
      const failed = (error: unknown) => report(`The memory log cannot be read: ${messageOf(error)}`);
      void ledger.memoryHead().then((head) => head > 0 && knowledge.soon(), failed);
    },
    async close() {
      unsubscribe();
      await knowledge.close();
      embedder.close();
    },
  };
}

/** LanceDB where it was asked for and is there. The graph is made from the ledger, so another index holds the same. */
function usableBackend(backend: Settings["memory"]["backend"], report: (message: string) => void) {
  if (backend !== "lancedb" || hasLancedb()) return backend;
  report("This executable has no LanceDB: the knowledge graph is kept in SQLite");
  return "sqlite";
}

/** The gateway's route for embeddings; a model is named `<provider>/<model>`. */
function gatewayEmbedder(providers: ProviderRegistry): Embedder {
  return {
    async current(signal) {
      const route = await providers.embeddingRoute(signal);
      return route && `${route.provider}/${route.model}`;
    },
    async embed(name, texts, signal) {
      const slash = name.indexOf("/");
      const route = { provider: name.slice(0, slash), model: name.slice(slash + 1) };
      const { vectors } = await embedTexts(providers, { texts, ...route }, signal);
      return vectors.map((vector) => Float32Array.from(vector));
    },
  };
}

function lazily(make: () => CachedEmbedder): CachedEmbedder {
  let made: CachedEmbedder | null = null;
  const get = () => (made ??= make());
  return {
    current: (signal) => get().current(signal),
    embed: (model, texts, signal) => get().embed(model, texts, signal),
    close() {
      made?.close();
      made = null;
    },
  };
}
