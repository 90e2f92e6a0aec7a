import type { Delta } from "#runner/runner.ts";

type Listener = (delta: Delta) => void;

/** Text of models as it comes. Whoever begins to listen in the middle of a step is told at once what was said so far. */
export class Deltas {
  #listeners = new Map<string, Set<Listener>>();
  /** What the steps under way have said, by run and step. */
  #said = new Map<string, Map<string, Delta>>();

  emit(delta: Delta): void {
    const said = this.#said.get(delta.run_id) ?? new Map<string, Delta>();
    this.#said.set(delta.run_id, said);
    const before = said.get(delta.step_id);
    said.set(delta.step_id, { ...delta, text: (before?.text ?? "") + delta.text, whole: true });
    this.#listeners.get(delta.run_id)?.forEach((listener) => listener(delta));
  }

  /** A step is over: its record says it all. */
  end(runId: string, stepId: string): void {
    const said = this.#said.get(runId);
    if (!said) return;
    said.delete(stepId);
    if (said.size === 0) this.#said.delete(runId);
  }

  listen(runId: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(runId) ?? new Set();
    this.#listeners.set(runId, listeners.add(listener));
    for (const delta of this.#said.get(runId)?.values() ?? []) listener(delta);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(runId);
    };
  }
}
