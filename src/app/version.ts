import { type RunningFlavour, runningFlavour } from "#artifacts/native/flavour.ts";
import { buildInfo } from "#artifacts/native/native-packs.ts";
import packageJson from "../../package.json" with { type: "json" };

/** Put in by the build; absent when the sources run. */
declare const BUILD_COMMIT: string | undefined;

/** Version of this build, from package.json. */
export const version: string = packageJson.version;

/** Versions of the native libraries; null for one that this executable does not have. */
export const libraryVersions: Record<"lancedb" | "llama", string | null> = buildInfo?.libraries ?? {
  lancedb: packageJson.dependencies["@lancedb/lancedb"],
  llama: packageJson.dependencies["node-llama-cpp"],
};

export interface VersionInfo {
  version: string;
  /** Null when the sources run. */
  commit: string | null;
  bun: string;
  platform: string;
  /** The release's name of the system, such as `linux-x64-baseline`; null when the sources run. */
  target: string | null;
  flavour: RunningFlavour;
  libraries: typeof libraryVersions;
}

export function versionInfo(): VersionInfo {
  return {
    version,
    commit: typeof BUILD_COMMIT === "string" ? BUILD_COMMIT : null,
    bun: Bun.version,
    platform: `${process.platform}-${process.arch}`,
    target: buildInfo?.target ?? null,
    flavour: runningFlavour(),
    libraries: libraryVersions,
  };
}
