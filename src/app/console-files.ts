import type { ConsoleFiles } from "#http/console-page.ts";

/** The web console inside the executable. The build replaces this file; the sources alone have none. */
export const consoleFiles: ConsoleFiles | null = null;
