import type { Knowledge } from "#memory/knowledge.ts";
import type { ReadPredicate } from "#memory/semantics.ts";

/** What effects and routes need to write and ask the knowledge graph. */
export interface GraphMemory {
  knowledge: Knowledge;
  readPredicate: ReadPredicate;
  /** Owner of the global scope. */
  globalId: string;
  newId: () => string;
}
