import { applyTheme, storedTheme } from "#console/theme.ts";

// Loaded before the page is painted, so that nobody who chose the dark sees a white flash.
applyTheme(storedTheme());
