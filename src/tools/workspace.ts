/** Where a path that a flow or a model named really is. */
export interface ResolvedPath {
  /** Absolute, with symbolic links of what exists followed. */
  path: string;
  /** As it is shown: relative to the root, or `<mount>/…`. */
  shown: string;
}

/** The folders that a run may use (contract flow-runtime 4.7). */
export interface Workspace {
  readonly root: string;
  /** Throws an AppError `forbidden` for a path outside, or inside an ignored folder. A path that does not exist yet is fine. */
  resolve(path: string): Promise<ResolvedPath>;
  /** How something found below a resolved folder is shown; null when it lies in an ignored folder. For paths without symbolic links. */
  show(path: string): string | null;
}
