/** A model of a hub: a repository, and which of its files. */
export interface HubName {
  owner: string;
  repository: string;
  /** Exact file, when it was named. */
  file: string | null;
  /** Quantisation such as `Q4_K_M`, when it was named. */
  tag: string | null;
}

const segment = "[A-Za-z0-9][A-Za-z0-9._-]{0,95}";
const withTag = new RegExp(`^(?:hf:)?(${segment})/(${segment})(?::([A-Za-z0-9._-]{1,64}))?$`);
const withFile = new RegExp(`^(?:hf:)?(${segment})/(${segment})/([A-Za-z0-9][A-Za-z0-9._/-]{0,200}\\.gguf)$`);

/** Reads `org/repo`, `hf:org/repo:Q4_K_M` or `hf:org/repo/file.gguf`. Null for anything else. */
export function parseHubName(text: string): HubName | null {
  const file = withFile.exec(text);
  if (file && !file[3]?.split("/").includes("..")) {
    return { owner: file[1] ?? "", repository: file[2] ?? "", file: file[3] ?? null, tag: null };
  }
  const tag = withTag.exec(text);
  return tag && { owner: tag[1] ?? "", repository: tag[2] ?? "", file: null, tag: tag[3] ?? null };
}

/** Folder below the models folder that holds what was pulled from a repository. */
export function hubFolder({ owner, repository }: HubName): string {
  return `${owner}--${repository}`;
}
