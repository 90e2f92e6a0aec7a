import { Type as t } from "@sinclair/typebox";
import { anyValue, flag, jsonObject, mapOf, text, textOrNull, time } from "#http/schemas/fields.ts";

const catalogFields = {
  available: flag("Whether there is something to choose from."),
  route_available: flag("Always true."),
  source: text("What answered."),
  stale: flag("Whether the answer is old."),
  error: textOrNull("Why nothing is available."),
  refreshed_at: time("When it was asked."),
  catalog: jsonObject("`gateway_catalog_v1`: kind, scope, source of the list."),
};

const ModelItem = t.Object(
  {
    id: text("Name of the model."),
    label: text("Name for people."),
    provider: text("Provider of the model."),
    tasks: t.Optional(t.Array(t.String(), { description: "What it can do." })),
    context_tokens: t.Optional(t.Integer({ description: "Context window in tokens." })),
    size_bytes: t.Optional(t.Integer({ description: "Size of a local model." })),
    dimensions: t.Optional(t.Integer({ description: "Length of the vectors of a model for embeddings." })),
    architecture: t.Optional(text("Architecture of a local model.")),
    quantization: t.Optional(text("How a local model's numbers are stored.")),
  },
  { $id: "ModelItem", description: "A model." },
);

const ProviderItem = t.Object(
  {
    id: text("Id of the provider."),
    name: text("Id of the provider."),
    label: text("Name for people."),
    display_name: text("Name for people."),
    provider: text("Id of the provider."),
    tasks: t.Array(t.String(), { description: "What it can do." }),
    models: t.Array(t.String(), { description: "Names of its models, when they were asked for." }),
    error: t.Optional(textOrNull("Why its models are not known.")),
    description: text("What it is."),
    provider_family: text("How it is spoken to."),
    virtual: flag("Whether somebody entered it as a connection."),
    virtual_provider: flag("The same."),
    base_url_configured: flag("Whether a connection names an address."),
    api_key_set: flag("Whether a connection has a key."),
    scope: text("Whose it is: environment, gateway or user."),
    capabilities: t.Array(t.String(), { description: "What a connection is for." }),
    provider_endpoint_profile: t.Optional(jsonObject("The connection.")),
    compute: t.Optional(jsonObject("`{setting, builds, expected, reason}`: what local models run on.")),
  },
  { $id: "ProviderItem", description: "A source of models." },
);

const ToolItem = t.Object(
  {
    name: text("Name by which flows and models call it."),
    description: text("What it does."),
    when_to_use: t.Optional(text("When a model should choose it.")),
    parameters: jsonObject("Arguments by name: type, description and, unless it is required, default."),
    required_args: t.Array(t.String(), { description: "Arguments without a default." }),
    examples: t.Optional(
      t.Array(jsonObject("`{description, arguments}` of one call."), { description: "Calls that make sense." }),
    ),
    toolset: text("Group: files, web, system, comms or other."),
    approval: text("`auto` runs at once, `required` waits for consent, unless the run or the gateway says otherwise."),
  },
  { $id: "ToolItem", description: "A tool." },
);

export const ToolList = t.Object(
  {
    items: t.Array(ToolItem, { description: "By group, then by name." }),
    tool_mode: text("How calls are carried out: approval, local, passthrough or delegated."),
  },
  { $id: "ToolList", description: "The tools of this gateway." },
);

export const ProviderList = t.Object(
  {
    items: t.Array(ProviderItem, { description: "Sorted by name." }),
    ...catalogFields,
    default_provider: textOrNull("Provider used when a flow names none."),
    default_model: textOrNull("Model used when a flow names none."),
    default_source: t.Optional(text("Where the default comes from.")),
    default_error: t.Optional(text("Why there is no default.")),
    provider_endpoint_profiles: t.Array(t.Object({}, { additionalProperties: true }), {
      description: "Managed connections; none in this build.",
    }),
  },
  { $id: "ProviderList", description: "Sources of models." },
);

export const ProvidersQuery = t.Object({
  include_models: t.Boolean({ default: false, description: "Ask every provider for its models." }),
});

export const ModelList = t.Object(
  {
    items: t.Array(ModelItem, { description: "Sorted by id." }),
    provider: text("Provider that was asked."),
    models: t.Array(t.String(), { description: "Ids, sorted." }),
    ...catalogFields,
  },
  { $id: "ModelList", description: "Models of a provider." },
);

export const ModelsQuery = t.Object({
  base_url: t.Optional(text("Not used: servers are configured.")),
  input_type: t.Optional(text("Only models that take this modality.")),
  output_type: t.Optional(text("Only models that make this modality.")),
  capability_route: t.Array(t.String(), {
    default: [],
    description: "Only models for these routes, such as `embedding.text`.",
  }),
});

export const ModelCapabilitiesQuery = t.Object({
  model_name: t.Optional(text("Name of the model, with or without `<provider>/` in front. Required.")),
  provider: t.Optional(text("Provider of the model.")),
});

export const ModelCapabilities = t.Object(
  {
    model: text("As it was asked for."),
    capabilities: jsonObject(
      "Provider, tasks, window, and whether it takes tools and schemas; empty when it is not known.",
    ),
    error: t.Optional(text("Why nothing is known.")),
  },
  { $id: "ModelCapabilities", description: "What is known of a model." },
);

export const EmbeddingModelsQuery = t.Object({
  base_url: t.Optional(text("Not used: servers are configured.")),
  provider: t.Optional(text("Only models of this provider.")),
  providers_only: t.Boolean({ default: false, description: "Leave the models out." }),
});

const names = (description: string) => t.Array(t.String(), { description });
const namesByProvider = (description: string) => mapOf(t.Array(t.String()), description);

export const EmbeddingModelList = t.Object(
  {
    items: t.Array(ModelItem, { description: "Sorted by provider and id." }),
    models: names("Ids."),
    embedding_models: names("The same."),
    providers: names("Providers with such models."),
    available_providers: names("The same."),
    embedding_providers: names("The same."),
    provider_details: t.Array(jsonObject("`{id, name, label}`."), { description: "The providers." }),
    models_by_provider: namesByProvider("Ids by provider."),
    embedding_models_by_provider: namesByProvider("The same."),
    provider_models: t.Array(jsonObject("`{provider, model, id}`."), { description: "Pairs." }),
    ...catalogFields,
  },
  { $id: "EmbeddingModelList", description: "Models that make embeddings." },
);

export const Capabilities = t.Object(
  {
    capabilities: t.Object(
      {
        contracts: t.Object(
          {
            version: t.Integer({ description: "Version of the contract: 1." }),
            common: jsonObject("What every client uses."),
            flow_editor: jsonObject("What the Flow editor uses."),
            assistant: jsonObject("What assistants use."),
            abstractcode: jsonObject("What coding clients use."),
          },
          { description: "Endpoints by client and what is behind them." },
        ),
      },
      { additionalProperties: anyValue("State of one part of the gateway."), description: "Parts and contracts." },
    ),
  },
  { $id: "Capabilities", description: "What this gateway can do, and where." },
);

export const Health = t.Object(
  { status: text("`healthy`."), service: text("`abstractgateway`.") },
  { $id: "Health", description: "The server answers." },
);

export const Ping = t.Object(
  {
    ok: flag("Always true."),
    status: text("`healthy`."),
    service: text("`abstractgateway`."),
    time: time("Clock of the gateway."),
  },
  { $id: "Ping", description: "The gateway can be reached and the credential is good." },
);

export const MediaCatalogQuery = t.Object({
  task: t.Optional(text("What the model is for.")),
  provider: t.Optional(text("Only this provider's.")),
  model: t.Optional(text("Only what fits this model.")),
  base_url: t.Optional(text("Not used: servers are configured.")),
  providers_only: t.Boolean({ default: false, description: "Only the providers." }),
  compact: t.Boolean({ default: false, description: "Without the lists by provider." }),
});

export const MediaCatalog = t.Object(
  { items: t.Array(jsonObject("A model, voice, provider or adapter.")), ...catalogFields },
  { $id: "MediaCatalog", additionalProperties: true, description: "What there is for speech, music or pictures." },
);
