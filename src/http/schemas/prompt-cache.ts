import { type TProperties, Type as t } from "@sinclair/typebox";
import { anyValue, flag, jsonObject, oneOf, optionalText, text } from "#http/schemas/fields.ts";

const target = { provider: text("Provider."), model: text("Model.") };
const isDefault = (preset: boolean) =>
  t.Boolean({ default: preset, description: "Used by calls of this model that name no cache." });
const ttl = t.Optional(t.Union([t.Number(), t.Null()], { description: "Seconds until it is forgotten." }));
const anything = (description: string) => t.Optional(anyValue(description));

function body(id: string, fields: TProperties, description: string) {
  return t.Object({ ...target, ...fields }, { $id: id, description });
}

export const CacheQuery = t.Object({ provider: text("Provider."), model: text("Model.") });

export const cacheBodies = {
  set: body(
    "SetPromptCache",
    { key: text("Its name."), make_default: isDefault(true), ttl_s: ttl },
    "A name for a cache.",
  ),
  update: body(
    "UpdatePromptCache",
    {
      key: text("Its name."),
      prompt: optionalText("Text that belongs to the system message."),
      messages: anything("First messages of the conversation."),
      system_prompt: optionalText("System message."),
      tools: anything("Tools that are offered."),
      add_generation_prompt: t.Boolean({
        default: false,
        description: "Not used: what comes after is added with each call.",
      }),
      ttl_s: ttl,
    },
    "What the conversations begin with.",
  ),
  fork: body(
    "ForkPromptCache",
    { from_key: text("Which."), to_key: text("Name of the copy."), make_default: isDefault(false), ttl_s: ttl },
    "A copy of a cache.",
  ),
  clear: body("ClearPromptCache", { key: optionalText("Which; all of the model's when absent.") }, "Caches to forget."),
  prepare_modules: body(
    "PrepareModules",
    {
      namespace: text("First part of the names."),
      modules: t.Array(jsonObject("`{module_id, system_prompt?, prompt?, messages?, tools?, scope?}`."), {
        description: "What the conversations begin with, part by part.",
      }),
      make_default: isDefault(false),
      ttl_s: ttl,
      version: t.Integer({ default: 1, description: "Of the modules." }),
    },
    "A beginning made of parts.",
  ),
  save: body(
    "SavePromptCache",
    {
      name: text("Name of the copy."),
      key: text("Which."),
      q8: t.Boolean({ default: false, description: "Not used: states are saved as they are." }),
    },
    "A cache to keep under a name.",
  ),
  load: body(
    "LoadPromptCache",
    {
      name: text("Name of the copy."),
      key: optionalText("Name of the cache; that of the copy when absent."),
      make_default: isDefault(false),
      clear_existing: t.Boolean({ default: false, description: "Forget the model's other caches first." }),
    },
    "A kept cache to use again.",
  ),
};

export const PromptCacheReply = t.Object(
  {
    supported: flag("Whether the provider can do it."),
    operation: text("What was asked for."),
    ok: flag("Whether it was done."),
    capabilities: jsonObject("`{supported, mode, supports_…}`."),
    code: t.Optional(text("Kind of the problem.")),
    error: t.Optional(text("The problem.")),
  },
  { $id: "PromptCacheReply", additionalProperties: true, description: "What became of it; a failure is a reply too." },
);

const shortText = (maxLength: number, description: string) =>
  t.Optional(t.Union([t.String({ maxLength }), t.Null()], { description }));

const sessionTarget = {
  provider: text("Provider."),
  model: text("Model."),
  bundle_id: shortText(160, "Bundle that the session runs."),
  bundle_version: shortText(80, "Its version."),
  flow_id: shortText(160, "Its flow."),
  template_id: shortText(160, "A further part of the name."),
  version: t.Integer({ default: 1, minimum: 1, maximum: 10, description: "A further part of the name." }),
};

export const SessionCacheQuery = t.Object({
  provider: text("Provider."),
  model: text("Model."),
  bundle_id: t.Optional(text("Bundle that the session runs.")),
  bundle_version: t.Optional(text("Its version.")),
  flow_id: t.Optional(text("Its flow.")),
  template_id: t.Optional(text("A further part of the name.")),
  version: t.Integer({ default: 1, minimum: 1, maximum: 10, description: "A further part of the name." }),
});

export const SessionCacheRequest = t.Object(
  {
    ...sessionTarget,
    modules: anything("At most 12 objects of 256,000 bytes together: what the session's conversations begin with."),
    system_prompt: shortText(20_000, "System message, where there are no modules."),
    workflow_instructions: shortText(20_000, "Joined to it."),
    tools: anything("Tools that are offered."),
    pinned_attachments: anything("What the session always has before it."),
    make_default: t.Boolean({ default: false, description: "Used by calls of this model that name no cache." }),
    ttl_s: ttl,
  },
  { $id: "SessionCacheRequest", description: "The cache of a session." },
);

export const SessionCacheReply = t.Object(
  {
    supported: flag("Whether the provider can do it."),
    operation: text("What was asked for."),
    mode: oneOf(["unsupported", "keyed", "local_control_plane"], "How the provider's cache works."),
    session_id: text("The session."),
    namespace: text("First part of the names of its caches."),
    prompt_cache_key: text("Name of its cache."),
    runtime_hint: jsonObject("What a run's input needs to use it."),
    identity: jsonObject("What the name is made of."),
    capabilities: jsonObject("`{supported, mode, supports_…}`."),
    ok: flag("Whether it was done."),
    code: t.Optional(text("Kind of the problem.")),
    error: t.Optional(text("The problem.")),
  },
  { $id: "SessionCacheReply", additionalProperties: true, description: "What became of it; a failure is a reply too." },
);
