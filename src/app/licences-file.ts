/** The licences of everything inside the executable, as compressed JSON. The build replaces this file. */
export const licencesPath: string | null = null as string | null;
