import { join, resolve } from "node:path";
import { AppError, messageOf } from "#core/errors.ts";
import { type VariableReader, gateway } from "#config/reader.ts";
import type { ModelSettings } from "#config/settings.ts";

type Endpoint = ModelSettings["endpoints"][number];

/** Where models come from: folders of GGUF files, and OpenAI-compatible servers by URL. */
export function modelSettings(
  read: VariableReader,
  { cwd, dataDir, delimiter }: { cwd: string; dataDir: string; delimiter: string },
): ModelSettings {
  const dirs = read.text(...gateway("MODELS_DIR"));
  return {
    dirs:
      dirs === null
        ? [join(dataDir, "models")]
        : dirs
            .split(delimiter)
            .filter(Boolean)
            .map((dir) => resolve(cwd, dir)),
    defaultProvider: read.text(...gateway("DEFAULT_PROVIDER")),
    defaultModel: read.text(...gateway("DEFAULT_MODEL")),
    endpoints: [...namedEndpoints(read), ...listedEndpoints(read)],
    localThreads:
      read.text(...gateway("LOCAL_THREADS")) === null
        ? null
        : read.number(1, { min: 1, max: 512 }, ...gateway("LOCAL_THREADS")),
    cacheDir: read.text(...gateway("CACHE_DIR")),
  };
}

function namedEndpoints(read: VariableReader): Endpoint[] {
  const known = [
    { id: "openai-compatible", label: "OpenAI-compatible server", url: "OPENAI_BASE_URL", key: "OPENAI_API_KEY" },
    { id: "lmstudio", label: "LM Studio", url: "LMSTUDIO_BASE_URL", key: "LMSTUDIO_API_KEY" },
    { id: "ollama", label: "Ollama", url: "OLLAMA_BASE_URL", key: "OLLAMA_API_KEY" },
  ];
  return known.flatMap(({ id, label, url, key }) => {
    const baseUrl = read.text(url);
    return baseUrl === null ? [] : [{ id, label, baseUrl: checkedUrl(baseUrl, url), apiKey: read.text(key) }];
  });
}

/** `[{"id":"lab","baseUrl":"http://…/v1","apiKey":"…","label":"…"}]` */
function listedEndpoints(read: VariableReader): Endpoint[] {
  const name = "ABSTRACTGATEWAY_OPENAI_ENDPOINTS";
  const text = read.text(name);
  if (text === null) return [];
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    throw new AppError("invalid_request", `${name} is not JSON: ${messageOf(error)}`, { cause: error });
  }
  if (!Array.isArray(list)) throw new AppError("invalid_request", `${name} must be a list`);
  return list.map((each: Partial<Endpoint>, index) => {
    const { id, baseUrl, apiKey, label } = each;
    if (typeof id !== "string" || !/^[a-z0-9._-]+$/.test(id)) {
      throw new AppError("invalid_request", `${name}[${index}].id must be a short lower-case name`);
    }
    const url = checkedUrl(String(baseUrl ?? ""), `${name}[${index}].baseUrl`);
    return {
      id,
      baseUrl: url,
      apiKey: typeof apiKey === "string" ? apiKey : null,
      label: typeof label === "string" ? label : id,
    };
  });
}

function checkedUrl(text: string, name: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url && /^https?:$/.test(url.protocol)) return text.replace(/\/+$/, "");
  throw new AppError("invalid_request", `${name} must be an http or https address, not '${text}'`);
}
