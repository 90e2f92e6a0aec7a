import { address, text } from "#config/variable.ts";

const key = (names: string[], meaning: string) => text(names, { isSecret: true, meaning });
const moved = (name: string, from: string) => address([name], { preset: from, meaning: "Its address" });

/** Servers and clouds under the names that everybody uses: a key, or an address, makes the provider appear. */
export const providers = {
  openaiKey: key(["OPENAI_API_KEY"], "Key of OpenAI, or of the server at `OPENAI_BASE_URL`"),
  openaiUrl: address(["OPENAI_BASE_URL"], {
    preset: null,
    meaning: "An OpenAI-compatible server, provider `openai-compatible`",
  }),
  anthropicKey: key(["ANTHROPIC_API_KEY"], "Key of Anthropic"),
  anthropicUrl: moved("ANTHROPIC_BASE_URL", "https://api.anthropic.com/v1"),
  googleKey: key(["GOOGLE_GENERATIVE_AI_API_KEY", "GEMINI_API_KEY"], "Key of Google Gemini"),
  googleUrl: moved("GOOGLE_GENERATIVE_AI_BASE_URL", "https://generativelanguage.googleapis.com/v1beta"),
  elevenlabsKey: key(["ELEVENLABS_API_KEY"], "Key of ElevenLabs: speech, transcription, music"),
  elevenlabsUrl: moved("ELEVENLABS_BASE_URL", "https://api.elevenlabs.io/v1"),
  mistralKey: key(["MISTRAL_API_KEY"], "Key of Mistral"),
  mistralUrl: moved("MISTRAL_BASE_URL", "https://api.mistral.ai/v1"),
  openrouterKey: key(["OPENROUTER_API_KEY"], "Key of OpenRouter"),
  openrouterUrl: moved("OPENROUTER_BASE_URL", "https://openrouter.ai/api/v1"),
  azureEndpoint: address(["AZURE_OPENAI_ENDPOINT"], {
    preset: null,
    meaning: "Azure's address for OpenAI's API, provider `azure`; models are the names of deployments",
  }),
  azureResource: text(["AZURE_RESOURCE_NAME"], { meaning: "Instead of the address: the name of the resource" }),
  azureKey: key(["AZURE_OPENAI_API_KEY", "AZURE_API_KEY"], "Key of Azure OpenAI"),
  lmstudioUrl: address(["LMSTUDIO_BASE_URL"], { preset: null, meaning: "LM Studio elsewhere" }),
  lmstudioKey: key(["LMSTUDIO_API_KEY"], "Its key"),
  ollamaUrl: address(["OLLAMA_BASE_URL"], { preset: null, meaning: "Ollama elsewhere" }),
  ollamaKey: key(["OLLAMA_API_KEY"], "Its key"),
  hubUrl: address(["HF_ENDPOINT"], { preset: "https://huggingface.co", meaning: "Where `models pull` asks" }),
  hubToken: key(["HF_TOKEN"], "As whom `models pull` asks, for gated models"),
};
