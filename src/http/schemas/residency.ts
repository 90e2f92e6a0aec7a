import { type Static, Type as t } from "@sinclair/typebox";
import { flag, jsonObject, oneOf, optionalText, text } from "#http/schemas/fields.ts";

const named = {
  task: optionalText("`text_generation` or `embedding`."),
  provider: optionalText("Provider; `local` when absent."),
  model: optionalText("Name, hub name or path of the model."),
  base_url: optionalText("Not used: local models have no address."),
};
const optionalNumber = t.Optional(
  t.Union([t.Number(), t.Null()], { description: "Not used: loading ends by itself." }),
);

export const LoadedQuery = t.Object({
  task: t.Optional(text("Only models for this: `text_generation` or `embedding`.")),
  provider: t.Optional(text("Provider; `local` when absent.")),
  model: t.Optional(text("Only the model of this name.")),
  base_url: t.Optional(text("Not used: local models have no address.")),
});

export const LoadModelRequest = t.Object(
  {
    ...named,
    options: t.Optional(t.Union([jsonObject("Options."), t.Null()], { description: "Further options." })),
    pin: t.Optional(t.Union([t.Boolean(), t.Null()], { description: "Never unload it by itself.", default: true })),
    timeout_s: optionalNumber,
  },
  { $id: "LoadModelRequest", description: "A model to load." },
);
export type LoadModelRequest = Static<typeof LoadModelRequest>;

export const UnloadModelRequest = t.Object(
  {
    ...named,
    runtime_id: optionalText("`local:<task>:<provider>:<model>`, instead of the model."),
    options: t.Optional(t.Union([jsonObject("Options."), t.Null()], { description: "Further options." })),
    timeout_s: optionalNumber,
  },
  { $id: "UnloadModelRequest", description: "A model to unload." },
);

const ResidentModel = t.Object(
  {
    task: text("What it is for."),
    provider: text("Its provider."),
    model: text("Its name."),
    runtime_id: text("`local:<task>:<provider>:<model>`."),
    loaded: flag("Whether it is in memory."),
    pinned: flag("Whether it stays there."),
    backend: text("`cpu`, `cuda`, `vulkan` or `metal`."),
    gpu_layers: t.Integer({ description: "Layers on the graphics card." }),
    context_tokens: t.Integer({ description: "Window of one conversation." }),
    sequences: t.Integer({ description: "Conversations at the same time." }),
    memory_bytes: t.Integer({ description: "Memory, estimated." }),
  },
  { $id: "ResidentModel", additionalProperties: true, description: "A model in memory." },
);

export const ResidencyReply = t.Object(
  {
    ok: flag("Whether it was done."),
    success: flag("The same."),
    supported: flag("Whether this gateway can do it for that provider and task."),
    operation: oneOf(["list_loaded", "load", "unload"], "What was asked for."),
    source: text("What answered."),
    route_available: flag("Always true."),
    models: t.Optional(t.Array(ResidentModel, { description: "Models in memory." })),
    compute: t.Optional(jsonObject("`{setting, builds, expected, reason}`: what they run on.")),
    affected_models: t.Array(ResidentModel, { description: "Models that were loaded or unloaded." }),
    code: t.Optional(text("Kind of the problem.")),
    error: t.Optional(text("The problem.")),
    warnings: t.Optional(t.Array(t.String(), { description: "What is worth knowing." })),
  },
  { $id: "ResidencyReply", additionalProperties: true, description: "What became of it; a failure is a reply too." },
);
