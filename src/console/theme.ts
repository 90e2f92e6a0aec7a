export type Theme = "light" | "dark" | "system";

const key = "gateway.theme";

export function storedTheme(): Theme {
  const text = localStorage.getItem(key);
  return text === "light" || text === "dark" ? text : "system";
}

export function chooseTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem(key);
  else localStorage.setItem(key, theme);
  applyTheme(theme);
}

const dark = () => matchMedia("(prefers-color-scheme: dark)");

/** The page's own attribute decides; the system's wish counts where nothing was chosen. */
export function applyTheme(theme: Theme): void {
  const isDark = theme === "dark" || (theme === "system" && dark().matches);
  document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
}

/** Follows the system as long as nothing was chosen. */
export function followSystemTheme(): void {
  dark().addEventListener("change", () => applyTheme(storedTheme()));
}
