/** What a migration could not take as it is: counted by kind, with a sentence for each. */
export class Warnings {
  #byKind = new Map<WarningKind, Set<string>>();

  /** The same sentence twice is one warning: sources are read more than once. */
  add(kind: WarningKind, message: string): void {
    const messages = this.#byKind.get(kind) ?? new Set();
    messages.add(message);
    this.#byKind.set(kind, messages);
  }

  list(): { kind: WarningKind; title: string; messages: string[] }[] {
    return [...this.#byKind].map(([kind, messages]) => ({ kind, title: titles[kind], messages: [...messages] }));
  }
}

const titles = {
  paused: "Runs that are paused, because what they would do next is not certain",
  run: "Runs",
  record: "Records",
  command: "Commands",
  artifact: "Artifacts",
  bundle: "Bundles",
  left: "Not migrated",
} as const;
type WarningKind = keyof typeof titles;
