/** What an archive may cost before it is refused. All sizes in bytes. */
export interface ArchiveLimits {
  maxArchiveBytes: number;
  maxEntries: number;
  maxEntryBytes: number;
  maxTotalBytes: number;
  /** Inflated size over compressed size. Texts of flows reach about 20; deflate itself ends at 1,032. */
  maxRatio: number;
}

export const defaultArchiveLimits: ArchiveLimits = {
  maxArchiveBytes: 78_643_200,
  maxEntries: 4096,
  maxEntryBytes: 32 * 1024 * 1024,
  maxTotalBytes: 128 * 1024 * 1024,
  maxRatio: 200,
};

/** Entries up to this size may have any ratio: a small file of spaces is no attack. */
export const ratioFreeBytes = 64 * 1024;
