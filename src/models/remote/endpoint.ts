import { createElevenLabsProvider } from "#models/remote/elevenlabs.ts";
import type { Provider } from "#models/provider.ts";
import { type CloudKind, createCloudProvider } from "#models/remote/cloud-provider.ts";
import { createOpenAiCompatibleProvider } from "#models/remote/openai-compatible.ts";

export interface Endpoint {
  id: string;
  /** The wire; `openai-compatible` is what most servers speak. */
  kind: "openai-compatible" | "elevenlabs" | CloudKind;
  baseUrl: string;
  apiKey: string | null;
  label: string;
}

export function createEndpoint({ kind, apiKey, ...rest }: Endpoint): Provider {
  if (kind === "elevenlabs") return createElevenLabsProvider({ ...rest, apiKey });
  if (kind === "openai-compatible" || apiKey === null) return createOpenAiCompatibleProvider({ ...rest, apiKey });
  return createCloudProvider({ ...rest, kind, apiKey });
}
