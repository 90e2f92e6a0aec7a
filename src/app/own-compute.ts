import type { Settings } from "#config/settings.ts";
import { expectedCompute } from "#models/local/llama-kinds.ts";
import type { ComputeInfo } from "#models/provider.ts";

/** What local models would run on here, and why; told without loading anything. */
export function ownCompute({ local, cacheDir }: Settings["models"]): ComputeInfo {
  return expectedCompute({ cacheDir, llamaDir: local.llamaDir, gpu: local.gpu, env: {} });
}
