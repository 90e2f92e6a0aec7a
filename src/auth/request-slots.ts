/** A fixed number of places for requests; who finds none waits a moment. */
export interface RequestSlots {
  /** Takes a place when one is free now. */
  tryAcquire(): boolean;
  /** Waits up to `waitMs` for a place; false when none came free. */
  acquire(waitMs: number): Promise<boolean>;
  release(): void;
  readonly used: number;
}

export function createRequestSlots(size: number): RequestSlots {
  let used = 0;
  const waiting = new Set<(granted: boolean) => void>();
  const tryAcquire = (): boolean => {
    if (used >= size) return false;
    used++;
    return true;
  };
  return {
    get used() {
      return used;
    },
    tryAcquire,
    acquire(waitMs) {
      if (tryAcquire()) return Promise.resolve(true);
      return new Promise((resolve) => {
        const settle = (granted: boolean) => {
          clearTimeout(timer);
          waiting.delete(settle);
          resolve(granted);
        };
        const timer = setTimeout(() => settle(false), waitMs);
        waiting.add(settle);
      });
    },
    release() {
      const next = waiting.values().next().value;
      // The place passes to the one who waits, so `used` stays.
      if (next) next(true);
      else used--;
    },
  };
}
