import { useState } from "react";

/** State that is still there when somebody comes back to a view in the same tab. */
export function useRemembered<T>(name: string, initial: T): [T, (value: T) => void] {
  const key = `gateway.view.${name}`;
  const [value, setValue] = useState<T>(() => {
    try {
      const text = sessionStorage.getItem(key);
      return text === null ? initial : { ...initial, ...(JSON.parse(text) as T) };
    } catch {
      return initial;
    }
  });
  const keep = (next: T) => {
    sessionStorage.setItem(key, JSON.stringify(next));
    setValue(next);
  };
  return [value, keep];
}
