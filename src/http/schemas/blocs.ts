import { Type as t } from "@sinclair/typebox";
import { flag, nullable, optionalText, text } from "#http/schemas/fields.ts";

const optionalCount = (description: string) => t.Optional(nullable(t.Integer({ minimum: 0 }), description));

const target = {
  sha256: optionalText("The bloc, by the SHA-256 of what it was made from."),
  bloc_id: optionalCount("The bloc, by its number."),
  runtime_id: optionalText("Not used: blocs are those of the caller's runtime."),
  provider: optionalText("Provider of the model."),
  model: optionalText("Model that the saved state is of."),
  base_url: optionalText("Refused: servers are configured on the gateway."),
  timeout_s: t.Optional(nullable(t.Number(), "Not used: a call that is left ends by itself.")),
};
const artifact = { artifact_path: optionalText("The saved state, by the name that an earlier answer gave.") };
const debug = { debug: t.Boolean({ default: false, description: "Not used." }) };
const removal = {
  clear_loaded: t.Boolean({ default: false, description: "Remove what it was loaded as, too." }),
  force: t.Boolean({ default: false, description: "Remove it although it was loaded under a name, which stays." }),
  dry_run: t.Boolean({ default: false, description: "Only tell what would go." }),
};

export const UpsertTextBloc = t.Object(
  {
    path: t.String({ minLength: 1, maxLength: 4096, description: "What the text is called; the model is told." }),
    content: text("The text."),
    sha256: optionalText("Of what the text was made from; the text's own when absent."),
    content_sha256: optionalText("Of the text, to be checked."),
    media_type: t.String({ default: "text", description: "Kind of what it was made from." }),
    size_bytes: optionalCount("Of what it was made from."),
    mtime_ns: optionalCount("When that was changed last."),
    format: optionalText("Such as `markdown`."),
    estimated_tokens: optionalCount("How long it is for a model, about."),
    relpath_base: optionalText("Folder that the path is relative to."),
    summary: optionalText("What it says, in short."),
    keywords: t.Optional(nullable(t.Array(t.String()), "Words to find it by.")),
  },
  { $id: "UpsertTextBloc", description: "A durable text." },
);

const queried = {
  sha256: t.Optional(text("The bloc, by the SHA-256 of what it was made from.")),
  bloc_id: t.Optional(t.Integer({ minimum: 0, description: "The bloc, by its number." })),
  runtime_id: t.Optional(text("Not used: blocs are those of the caller's runtime.")),
  provider: t.Optional(text("Provider of the model.")),
  model: t.Optional(text("Model that the saved state is of.")),
  base_url: t.Optional(text("Refused: servers are configured on the gateway.")),
  timeout_s: t.Optional(t.Number({ description: "Not used: a call that is left ends by itself." })),
};

export const BlocQuery = t.Object(queried);
export const BlocManifestQuery = t.Object({
  ...queried,
  artifact_path: t.Optional(text("The saved state, by the name that an earlier answer gave.")),
});

export const blocBodies = {
  delete: t.Object(
    { ...target, delete_kv: t.Boolean({ default: true, description: "Remove its saved states, too." }), ...removal },
    { $id: "DeleteBloc", description: "A bloc to forget." },
  ),
  kv_ensure: t.Object(
    {
      ...target,
      ...artifact,
      force_rebuild: t.Boolean({ default: false, description: "Compute it again." }),
      ...debug,
    },
    { $id: "EnsureBlocState", description: "A saved state that must be there." },
  ),
  kv_load: t.Object(
    {
      ...target,
      ...artifact,
      force_rebuild: t.Boolean({ default: false, description: "Compute it again." }),
      stable_cache_key: optionalText("Name to use it by, where `key` is absent."),
      key: optionalText("Name to use it by; its own when absent."),
      make_default: t.Boolean({ default: false, description: "Used by calls of the model that name no cache." }),
      ...debug,
    },
    { $id: "LoadBlocState", description: "A saved state to use." },
  ),
  kv_delete: t.Object(
    { ...target, ...artifact, ...removal, ...debug },
    { $id: "DeleteBlocState", description: "Saved states of a bloc to remove." },
  ),
  kv_prune: t.Object(
    { ...target, ...removal, ...debug },
    { $id: "PruneBlocStates", description: "States to remove: of one bloc, or all that belong to no bloc any more." },
  ),
};

export const BlocReply = t.Object(
  {
    ok: flag("Whether it was done."),
    supported: flag("Whether the provider can do it."),
    operation: text("What was asked for."),
    code: t.Optional(text("Kind of the problem.")),
    error: t.Optional(text("The problem.")),
  },
  { $id: "BlocReply", additionalProperties: true, description: "What became of it; a failure is a reply too." },
);
