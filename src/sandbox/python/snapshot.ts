/** The memory of a started interpreter inside the executable. The build replaces this file; in development a start takes seconds. */
export const pythonSnapshotPath: string | null = null;
