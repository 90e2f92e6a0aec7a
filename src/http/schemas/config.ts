import { type Static, Type as t } from "@sinclair/typebox";
import { count, flag, jsonObject, nullable, oneOf, optionalText, text, textOrNull } from "#http/schemas/fields.ts";

const CapabilityRouteJson = t.Object(
  {
    key: text("`kind.modality`, or `kind.modality.task`."),
    kind: oneOf(["input", "output", "embedding"], "What the model does with it."),
    modality: text("text, image, video, voice, sound or music."),
    task: t.Optional(text("Narrower than the modality.")),
    provider: textOrNull("Provider that is used."),
    model: textOrNull("Model that is used."),
    options: jsonObject("Further options of the call."),
    configured: flag("Whether anything is used."),
    source: oneOf(["gateway_config", "environment", "discovered", "none"], "Who said so."),
  },
  { $id: "CapabilityRoute", description: "Which model is used for what, where nobody names one." },
);

export const CapabilityDefaultsReply = t.Object(
  {
    ok: flag("Always true."),
    version: count("1"),
    authority: text("Who keeps the defaults."),
    writable: flag("Whether they can be changed here."),
    source: text("What answered."),
    config_file: text("Where they are kept."),
    routes: t.Array(CapabilityRouteJson, { description: "All routes." }),
    errors: t.Array(t.String(), { description: "Defaults that cannot be used, and why." }),
  },
  { $id: "CapabilityDefaults", description: "Defaults of providers and models." },
);

export const SetCapabilityDefault = t.Object(
  {
    provider: optionalText("Provider; as before when absent."),
    model: optionalText("Model; as before when absent."),
    base_url: optionalText("Must be empty: make a connection for a server of its own."),
    options: t.Optional(nullable(jsonObject("Further options of the call."))),
  },
  { $id: "SetCapabilityDefault", description: "A default." },
);
export type SetCapabilityDefault = Static<typeof SetCapabilityDefault>;

const ConnectionJson = t.Object(
  {
    id: text("Its name."),
    virtual_provider: text("How flows name it as their provider."),
    display_name: text("Name for people."),
    description: text("What it is for."),
    provider_family: text("What it speaks."),
    base_url: textOrNull("Its address; null for the family's own."),
    base_url_configured: flag("Whether an address was given."),
    api_key_set: flag("Whether it has a key. The key itself is never told."),
    api_key_fingerprint: textOrNull("First 16 hex digits of the key's SHA-256."),
    scope: oneOf(["user", "gateway"], "Whose it is."),
    capabilities: t.Array(t.String(), { description: "What it is used for." }),
    allowed_models: t.Array(t.String(), { description: "Only these; empty for all." }),
    enabled: flag("Whether it can be used."),
    created_at: textOrNull("When it was made."),
    updated_at: textOrNull("When it was changed."),
  },
  {
    $id: "ProviderConnection",
    additionalProperties: true,
    description: "A provider that somebody entered, or one that is there without.",
  },
);

export const ConnectionList = t.Object(
  {
    ok: flag("Always true."),
    profiles: t.Array(ConnectionJson, { description: "By id; those that nobody entered last." }),
    can_create_gateway_scope: flag("Whether the caller may make connections for everybody."),
    source: text("What answered."),
  },
  { $id: "ProviderConnections", description: "Connections." },
);

export const ConnectionReply = t.Object(
  {
    ok: flag("Always true."),
    profile: t.Optional(ConnectionJson),
    deleted: t.Optional(flag("Whether it was removed.")),
    profiles: t.Array(ConnectionJson, { description: "All of them now." }),
  },
  { $id: "ProviderConnectionReply", description: "What became of it." },
);

const names = (description: string) => t.Array(t.String({ maxLength: 300 }), { maxItems: 1000, description });
const limited = (maxLength: number, description: string) => nullable(t.String({ maxLength }), description);

export const CreateConnection = t.Object(
  {
    id: t.String({ minLength: 1, maxLength: 80, description: "Its name." }),
    display_name: t.String({ minLength: 1, maxLength: 120, description: "Name for people." }),
    description: t.Optional(limited(1000, "What it is for.")),
    provider_family: t.String({ default: "openai-compatible", maxLength: 80, description: "What it speaks." }),
    base_url: t.Optional(limited(2048, "Its address, up to and with `/v1`.")),
    api_key: t.Optional(limited(65_536, "Its key; kept encrypted and never told.")),
    scope: t.String({ default: "user", description: "`user` or `gateway`." }),
    capabilities: t.Optional(names("What it is used for.")),
    allowed_models: t.Optional(names("Only these; empty for all.")),
    enabled: t.Boolean({ default: true, description: "Whether it can be used." }),
  },
  { $id: "CreateProviderConnection", additionalProperties: false, description: "A connection." },
);
export type CreateConnection = Static<typeof CreateConnection>;

export const UpdateConnection = t.Object(
  {
    display_name: t.Optional(limited(120, "Name for people.")),
    description: t.Optional(limited(1000, "What it is for.")),
    provider_family: t.Optional(limited(80, "What it speaks.")),
    base_url: t.Optional(limited(2048, "Its address.")),
    api_key: t.Optional(limited(65_536, "Its new key.")),
    clear_api_key: t.Boolean({ default: false, description: "Forget the key." }),
    scope: t.Optional(limited(20, "`user` or `gateway`.")),
    capabilities: t.Optional(nullable(names("What it is used for."))),
    allowed_models: t.Optional(nullable(names("Only these; empty for all."))),
    enabled: t.Optional(nullable(t.Boolean(), "Whether it can be used.")),
  },
  { $id: "UpdateProviderConnection", additionalProperties: false, description: "Changes of a connection." },
);
export type UpdateConnection = Static<typeof UpdateConnection>;

export const DiscoverModels = t.Object(
  {
    profile_id: t.Optional(limited(96, "A connection that is there; what is absent here is taken from it.")),
    provider_family: t.Optional(limited(80, "What it speaks; openai-compatible when absent.")),
    base_url: t.Optional(limited(2048, "Its address.")),
    api_key: t.Optional(limited(65_536, "Its key; used for this question only.")),
  },
  { $id: "DiscoverModels", additionalProperties: false, description: "A connection to try." },
);
export type DiscoverModels = Static<typeof DiscoverModels>;

export const DiscoveredModels = t.Object(
  {
    ok: flag("Whether it answered."),
    provider: text("What was asked."),
    models: t.Array(t.String(), { description: "Names of its models." }),
    available: flag("Whether there are any."),
    route_available: flag("Always true."),
    source: text("What answered."),
    base_url_configured: flag("Whether an address was given."),
    api_key_set: flag("Whether a key was used."),
    error: t.Optional(text("Why there are none.")),
  },
  { $id: "DiscoveredModels", description: "Models behind a connection." },
);

const SandboxMessage = t.Object({ role: text("user or assistant."), content: text("What was said.") });

export const SandboxRequest = t.Object(
  {
    capability: t.String({ default: "output.text", description: "input.text, output.text, text or chat." }),
    provider: t.String({ minLength: 1, description: "Provider." }),
    model: t.String({ minLength: 1, description: "Model." }),
    prompt: t.String({ minLength: 1, description: "Question." }),
    system_prompt: optionalText("System message."),
    messages: t.Optional(nullable(t.Array(SandboxMessage), "Earlier turns.")),
    attachments: t.Optional(nullable(t.Array(jsonObject("Reference to an artifact.")), "What goes with the prompt.")),
    client_context: t.Optional(nullable(jsonObject("Not used."))),
    temperature: t.Optional(nullable(t.Number({ minimum: 0, maximum: 2 }), "Randomness.")),
    max_tokens: t.Optional(nullable(t.Integer({ minimum: 1 }), "Longest answer, in tokens.")),
  },
  { $id: "SandboxRequest", additionalProperties: false, description: "One question to a model, without a run." },
);
export type SandboxRequest = Static<typeof SandboxRequest>;

export const SandboxReply = t.Object(
  {
    ok: flag("Always true."),
    capability: text("What was asked for."),
    provider: text("As it was asked for."),
    routed_provider: text("Provider that answered."),
    model: text("Model that answered."),
    response: text("The answer."),
    usage: jsonObject("`{input_tokens, output_tokens, total_tokens}`."),
    warnings: t.Optional(t.Array(t.String(), { description: "What the model was not given, and why." })),
    provider_endpoint_profile: textOrNull("Connection that was used."),
  },
  { $id: "SandboxReply", description: "An answer." },
);
