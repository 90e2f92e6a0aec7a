import { AppError, messageOf } from "#core/errors.ts";
import { type Follower, type MemoryLog, catchUp, fillVectors } from "#memory/catch-up.ts";
import type { Embedder } from "#memory/embedder.ts";
import type { KnowledgeStore } from "#memory/knowledge-store.ts";
import { type Space, noVectors, spaceKey } from "#memory/space.ts";

export interface KnowledgeOptions {
  log: MemoryLog;
  /** Where stores come from. */
  stores: StoreShelf;
  embedder: Embedder;
  /** False while this process only reads what another one applies to the same store. It may change when another process goes. */
  applies: () => boolean;
  report: (message: string) => void;
}

/** Opens and removes stores, and remembers which of them is in use. */
export interface StoreShelf {
  open(space: Space, options: { writes: boolean }): Promise<KnowledgeStore>;
  /** What is read while the process that applies has not made a store yet. */
  empty(): KnowledgeStore;
  /** Removes a store that is not open, damaged or not. */
  drop(space: Space): Promise<void>;
  remembered(): Promise<Space | null>;
  remember(space: Space): Promise<void>;
}

/** The graph as of now: everything that was committed before the call is in it. */
export interface View {
  store: KnowledgeStore;
  space: Space;
  /** What a person should know of the answers. */
  warnings: string[];
}

interface Active {
  store: KnowledgeStore;
  space: Space;
  /** Opened to be written. */
  writes: boolean;
  isEmpty?: true;
}

const retryMs = 30_000;
const followMs = 5000;
const retiredMs = 10_000;
/** Each entry is a small piece in LanceDB until it is folded into a larger one. */
const untidyEntries = 100;
/** How long a process that only reads waits for the one that applies. */
const otherMs = 2000;
const lookMs = 20;

/**
 * Keeps a store of the knowledge graph at the head of the memory log. Nothing is opened before somebody asks. The store follows the model
 * for embeddings: with another one the graph is embedded anew beside the old store, which answers until that is done.
 */
export class Knowledge {
  #options: KnowledgeOptions;
  #active: Active | null = null;
  #opening: Promise<void> | null = null;
  #work: Promise<void> = Promise.resolve();
  /** What the graph is being embedded anew for. */
  #renewal: Space | null = null;
  /** Assertions of the active store that have no vector yet: counted once, then kept. */
  #bare = 0;
  /** Entries that were applied since the store was tidied. */
  #untidy = 0;
  #retired: { store: KnowledgeStore; space: Space; atMs: number }[] = [];
  /** Were read or written before this process changed its part; somebody may still look at them. */
  #left: KnowledgeStore[] = [];
  #following: Promise<void> | null = null;
  #hasNews = false;
  #renewing: Promise<void> = Promise.resolve();
  #warning: string | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #followedMs = Number.NEGATIVE_INFINITY;
  #end = new AbortController();
  #background = new Set<Promise<void>>();

  constructor(options: KnowledgeOptions) {
    this.#options = options;
  }

  async view(): Promise<View> {
    await this.#open();
    const { writes } = this.#current();
    const warnings = writes ? await this.#settle() : await this.#awaitOther();
    const active = this.#current();
    if (this.#warning !== null) warnings.push(this.#warning);
    if (this.#renewal) {
      warnings.push(
        `The graph is being embedded anew for ${this.#renewal.model}: until then ${active.space.model ?? "words"} answers`,
      );
    }
    return { store: active.store, space: active.space, warnings };
  }

  /** Vector of a question in the space of a view, or why there is none. */
  async vectorOf(text: string, { space }: View, signal: AbortSignal): Promise<Float32Array | string> {
    if (space.model === null) return "No model for embeddings is configured: found by words instead";
    try {
      const [vector] = await this.#options.embedder.embed(space.model, [text], signal);
      if (vector?.length === space.dimensions) return vector;
      return `${space.model} answered with a vector of another length: found by words instead`;
    } catch (error) {
      if (signal.aborted) throw error;
      return `${messageOf(error)}: found by words instead`;
    }
  }

  /** Something was committed: applied in the background, so that the next question need not wait. */
  soon(): void {
    if (!this.#options.applies() || this.#end.signal.aborted) return;
    this.#hasNews = true;
    if (this.#following) return;
    this.#following = this.#follow().catch((error) => this.#tell("was not brought up to date", error));
    this.#keep(this.#following.finally(() => (this.#following = null)));
  }

  async #follow(): Promise<void> {
    while (this.#hasNews) {
      this.#hasNews = false;
      await this.view();
    }
  }

  /** Gives vectors to what was added while the model did not answer. Answers whether all have one now. */
  async fill(): Promise<boolean> {
    await this.#open();
    let isWhole = false;
    await this.#alone(async () => {
      isWhole = await fillVectors(this.#follower());
      this.#bare = (await this.#current().store.counts()).withoutVector;
    });
    return isWhole;
  }

  /** Builds indexes and folds small pieces together. It happens by itself after many entries. */
  async tidy(): Promise<void> {
    await this.#open();
    await this.#alone(() => this.#current().store.tidy());
  }

  /** Another model may be configured: done when the graph is embedded by it. */
  async followModel(): Promise<void> {
    if (!this.#options.applies()) return;
    await this.#open();
    this.#followedMs = Number.NEGATIVE_INFINITY;
    await this.#settle();
    await this.#renewing;
  }

  async close(): Promise<void> {
    this.#end.abort(new Error("the gateway stops"));
    if (this.#timer) clearTimeout(this.#timer);
    await Promise.allSettled([this.#opening, this.#following, this.#work, this.#renewing, ...this.#background]);
    await this.#dropRetired(0);
    await this.#active?.store.close();
    for (const store of this.#left.splice(0)) await store.close();
    this.#active = null;
  }

  #current(): Active {
    if (!this.#active) throw new Error("the knowledge graph is not open");
    return this.#active;
  }

  #open(): Promise<void> {
    this.#end.signal.throwIfAborted();
    if (this.#active && this.#active.writes === this.#options.applies()) return Promise.resolve();
    this.#opening ??= this.#alone(() => this.#change()).finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  /** Opens the store for the part that this process has now. */
  async #change(): Promise<void> {
    const before = this.#active;
    this.#active = this.#options.applies() ? await this.#openToWrite() : await this.#openToRead();
    if (before) this.#left.push(before.store);
  }

  async #openToRead(): Promise<Active> {
    const { stores } = this.#options;
    const space = await stores.remembered();
    if (!space) return { store: stores.empty(), space: noVectors, writes: false, isEmpty: true };
    try {
      return { store: await stores.open(space, { writes: false }), space, writes: false };
    } catch (error) {
      if (error instanceof AppError) throw error;
      const why = `The knowledge graph cannot be read yet: ${messageOf(error)}`;
      throw new AppError("unavailable", why, { retryable: true, cause: error });
    }
  }

  async #openToWrite(): Promise<Active> {
    const { stores } = this.#options;
    const space = (await stores.remembered()) ?? (await this.#spaceNow());
    let store: KnowledgeStore;
    try {
      store = await stores.open(space, { writes: true });
    } catch (error) {
      // Where it lies cannot be used at all: making it again would not help.
      if (error instanceof AppError) throw error;
      this.#warning = "The index of the graph was damaged and was made again from the ledger";
      this.#options.report(`${this.#warning}: ${messageOf(error)}`);
      await stores.drop(space);
      store = await stores.open(space, { writes: true });
    }
    this.#bare = (await store.counts()).withoutVector;
    await stores.remember(space);
    return { store, space, writes: true };
  }

  /** The space that the configured model makes; none when there is no model or it does not answer. */
  async #spaceNow(): Promise<Space> {
    const { embedder } = this.#options;
    const signal = AbortSignal.any([this.#end.signal, AbortSignal.timeout(retryMs)]);
    try {
      const model = await embedder.current(signal);
      if (model === null) return noVectors;
      const [probe] = await embedder.embed(model, ["length of a vector"], signal);
      return probe ? { model, dimensions: probe.length } : noVectors;
    } catch (error) {
      this.#options.report(`The model for embeddings does not answer: ${messageOf(error)}`);
      return noVectors;
    }
  }

  /** One at a time, in order: a store has one writer. */
  #alone(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => undefined);
    return done;
  }

  async #settle(): Promise<string[]> {
    if (await this.#isBehind()) {
      await this.#alone(async () => {
        const { entries, bare } = await catchUp(this.#follower());
        this.#bare += bare;
        this.#untidy += entries;
        await this.#followModel();
        await this.#dropRetired(retiredMs);
      });
    }
    if (this.#untidy >= untidyEntries) this.#tidySoon();
    if (this.#bare === 0) return [];
    this.#later(retryMs, () => this.fill().then(() => undefined));
    return [`${this.#bare} assertions have no vectors yet`];
  }

  /** A question of a store at the head of the log waits for nobody, whatever is done to the store meanwhile. */
  async #isBehind(): Promise<boolean> {
    if (performance.now() - this.#followedMs >= followMs || this.#retired.length > 0) return true;
    return (await this.#current().store.position()) < (await this.#options.log.memoryHead());
  }

  #tidySoon(): void {
    this.#untidy = 0;
    this.#keep(this.tidy().catch((error) => this.#tell("was not tidied", error)));
  }

  #follower(active: Omit<Active, "writes"> = this.#current()): Follower {
    const { log, embedder, report } = this.#options;
    return { log, embedder, report, store: active.store, space: active.space, signal: this.#end.signal };
  }

  /** The process that applies is another: its store is asked until it has what this process knows to be committed. */
  async #awaitOther(): Promise<string[]> {
    const head = await this.#options.log.memoryHead();
    const until = performance.now() + otherMs;
    for (;;) {
      await this.#alone(() => this.#followOther());
      if ((await this.#current().store.position()) >= head) return [];
      if (performance.now() > until) return ["The newest assertions are not in the graph yet: no runner applies them"];
      await Bun.sleep(lookMs);
    }
  }

  async #followOther(): Promise<void> {
    const { space, isEmpty } = this.#current();
    const remembered = await this.#options.stores.remembered();
    if (remembered && (isEmpty || spaceKey(remembered) !== spaceKey(space))) await this.#change();
  }

  async #followModel(): Promise<void> {
    const now = performance.now();
    if (this.#renewal || now - this.#followedMs < followMs) return;
    this.#followedMs = now;
    const { embedder, stores, report } = this.#options;
    const active = this.#current();
    const model = await embedder.current(this.#end.signal).catch(() => null);
    if (model === null || model === active.space.model) return;
    const space = await this.#spaceNow();
    if (space.model === null) return;
    const { assertions } = await active.store.counts();
    if (assertions > 0) report(`${assertions} assertions are embedded anew for ${space.model}`);
    this.#renewal = space;
    const store = await stores.open(space, { writes: true });
    const renewing = this.#renew({ store, space }).catch(async (error) => {
      this.#renewal = null;
      await store.close();
      if (!this.#end.signal.aborted) report(`The graph could not be embedded anew: ${messageOf(error)}`);
    });
    this.#renewing = renewing;
    // An empty graph has nothing to wait for.
    if (assertions === 0) await renewing;
  }

  async #renew(next: { store: KnowledgeStore; space: Space }): Promise<void> {
    const { stores } = this.#options;
    const { bare } = await catchUp(this.#follower(next));
    const last = this.#current();
    await stores.remember(next.space);
    this.#active = { ...next, writes: true };
    this.#bare = bare;
    this.#renewal = null;
    this.#retired.push({ ...last, atMs: performance.now() });
  }

  /** A question that was under way when the store was replaced may still read the old one. */
  async #dropRetired(olderThanMs: number): Promise<void> {
    const before = performance.now() - olderThanMs;
    const due = this.#retired.filter(({ atMs }) => atMs <= before);
    this.#retired = this.#retired.filter(({ atMs }) => atMs > before);
    for (const { store, space } of due) {
      await store.close();
      await this.#options.stores.drop(space);
    }
  }

  #later(delayMs: number, work: () => Promise<void>): void {
    if (this.#timer || this.#end.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#keep(work().catch((error) => this.#tell("was not looked after", error)));
    }, delayMs);
    this.#timer.unref();
  }

  #tell(what: string, error: unknown): void {
    if (!this.#end.signal.aborted) this.#options.report(`The index of the graph ${what}: ${messageOf(error)}`);
  }

  #keep(work: Promise<void>): void {
    this.#background.add(work);
    void work.finally(() => this.#background.delete(work));
  }
}
