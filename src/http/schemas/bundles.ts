import { type Static, Type as t } from "@sinclair/typebox";
import {
  anyValue,
  count,
  flag,
  jsonObject,
  mapOf,
  nullable,
  oneOf,
  optionalText,
  text,
  textOrNull,
} from "#http/schemas/fields.ts";

const identity = {
  bundle_id: text("Id of the bundle."),
  bundle_version: text("Version of the bundle."),
  bundle_ref: text("`id@version`."),
};

const entrypointFields = {
  flow_id: text("Flow to run."),
  name: text("Name for people."),
  description: text("What it is for."),
  interfaces: t.Array(t.String(), { description: "Interfaces that the flow implements." }),
};

const deprecationFields = {
  workflow_id: text("`bundle@version:flow`."),
  deprecated: flag("Whether it cannot be started any more."),
  deprecated_at: textOrNull("Since when."),
  deprecated_reason: textOrNull("Why."),
};

const ListedEntrypoint = t.Object(
  { ...entrypointFields, ...deprecationFields },
  { $id: "ListedEntrypoint", description: "A flow of a bundle that can be started." },
);

const BundleItem = t.Object(
  {
    ...identity,
    registry_scope: oneOf(["private"], "Where the bundle is installed."),
    version_channel: oneOf(["published", "draft"], "Channel of the version."),
    is_draft: flag("Whether it is an editor's draft."),
    is_published: flag("Whether it is a published version."),
    latest_published_version: textOrNull("Latest published version of the bundle."),
    latest_any_version: textOrNull("Latest version, drafts included."),
    created_at: text("When the bundle was packed."),
    metadata: jsonObject("Metadata of the manifest."),
    default_entrypoint: textOrNull("Flow that runs when none is named."),
    entrypoints: t.Array(ListedEntrypoint, { description: "Flows that can be started." }),
    actions: t.Object(
      {
        can_run: flag("May be started."),
        can_upload: flag("Other versions may be installed."),
        can_remove: flag("May be removed."),
        can_deprecate: flag("May be deprecated."),
        catalog_promote_endpoint: text("Route that would promote it to the catalog."),
      },
      { description: "What the caller may do." },
    ),
  },
  { $id: "BundleItem", description: "An installed bundle." },
);

export const BundleList = t.Object(
  {
    items: t.Array(BundleItem, { description: "Sorted by id and version." }),
    default_bundle_id: textOrNull("The bundle, when exactly one is installed."),
  },
  { $id: "BundleList", description: "Installed bundles." },
);

export const ListBundlesQuery = t.Object({
  all_versions: t.Boolean({ default: false, description: "All versions instead of the latest." }),
  include_drafts: t.Boolean({ default: false, description: "Include drafts of editors." }),
  include_deprecated: t.Boolean({ default: false, description: "Include deprecated entrypoints." }),
});

const StartPin = t.Object(
  {
    id: text("Key in `input_data`."),
    label: text("Name for people."),
    type: text("Type of the pin."),
    default: t.Optional(anyValue("Value when none is given.")),
    schema: t.Optional(anyValue("JSON Schema of the pin, where the flow has one.")),
  },
  { $id: "StartPin", description: "An input of a flow." },
);

const DetailEntrypoint = t.Object(
  {
    ...entrypointFields,
    ...deprecationFields,
    inputs: t.Array(StartPin, { description: "Inputs of the flow." }),
    node_index: mapOf(
      t.Object({
        type: text("Type of the node."),
        label: text("Label of the node."),
        headerColor: t.Optional(text("Colour in the editor.")),
      }),
      "Nodes of the flow by id.",
    ),
  },
  { $id: "DetailEntrypoint", description: "A flow of a bundle, with its inputs." },
);

export const BundleDetail = t.Object(
  {
    ...identity,
    created_at: text("When the bundle was packed."),
    default_entrypoint: textOrNull("Flow that runs when none is named."),
    entrypoints: t.Array(DetailEntrypoint, { description: "Flows that can be started." }),
    flows: t.Array(t.String(), { description: "Ids of all flows." }),
    metadata: jsonObject("Metadata of the manifest."),
    warnings: t.Array(t.String(), { description: "What was tolerated while reading, and what cannot run here." }),
  },
  { $id: "BundleDetail", description: "One version of a bundle." },
);

export const VersionQuery = t.Object({ bundle_version: t.Optional(text("Version; the latest when absent.")) });

export const RemoveBundleQuery = t.Object({
  bundle_version: t.Optional(text("Version; all versions when absent.")),
  reload: t.Boolean({ default: true, description: "Look at the folder again afterwards." }),
});

const flowFields = { ...identity, flow_id: text("Id of the flow."), workflow_id: text("`bundle@version:flow`.") };

export const BundleFlow = t.Object(
  { ...flowFields, flow: jsonObject("The VisualFlow document as it is in the bundle.") },
  { $id: "BundleFlow", description: "A flow of a bundle." },
);

const RequiredPin = t.Object(
  {
    id: text("Key in `input_data`."),
    label: text("Name for people."),
    type: text("Type of the pin."),
    default: t.Optional(anyValue("Value when none is given.")),
    required: flag("Whether there is no default."),
    schema: jsonObject("JSON Schema of the value."),
  },
  { $id: "RequiredPin", description: "An input of a flow for a form." },
);

export const FlowInputSchema = t.Object(
  {
    ...flowFields,
    version: t.Integer({ description: "Version of this shape: 1." }),
    inputs: t.Array(RequiredPin, { description: "Inputs in the order of the flow." }),
    defaults: jsonObject("Defaults by pin."),
    input_data_schema: jsonObject("JSON Schema of `input_data`."),
  },
  { $id: "FlowInputSchema", description: "What a flow wants to be started with." },
);

export const WorkflowFlow = t.Object(
  {
    workflow_id: text("Id of the workflow."),
    bundle_id: t.Optional(text("Bundle of the flow.")),
    bundle_version: t.Optional(text("Version of the bundle.")),
    bundle_ref: t.Optional(text("`id@version`.")),
    flow_id: t.Optional(text("Id of the flow.")),
    source: t.Optional(text("`dynamic` for a flow that a schedule made.")),
    flow: jsonObject("The VisualFlow document."),
  },
  { $id: "WorkflowFlow", description: "The flow behind a workflow id." },
);

export const UploadBundleForm = t.Object(
  {
    file: t.String({ format: "binary", description: "The `.flow` archive." }),
    overwrite: t.Optional(flag("Replace the same version.")),
    reload: t.Optional(flag("Make it known at once.")),
  },
  { $id: "UploadBundleForm", description: "A bundle to install." },
);

const reloadFields = {
  gateway_reloaded: flag("Whether the bundle is known to the gateway."),
  gateway_reload_error: textOrNull("Why it is not."),
};

export const UploadBundleResponse = t.Object(
  {
    ok: flag("Always true."),
    ...identity,
    sha256: text("SHA-256 of the archive."),
    default_entrypoint: textOrNull("Flow that runs when none is named."),
    entrypoints: t.Array(t.Object(entrypointFields), { description: "Flows that can be started." }),
    ...reloadFields,
  },
  { $id: "UploadBundleResponse", description: "The bundle that was installed." },
);

export const ReloadResponse = t.Object(
  {
    ok: flag("Always true."),
    bundle_ids: t.Array(t.String(), { description: "Bundles that are known now." }),
    count: count("How many."),
    skipped: t.Array(t.Object({ file: text("File name."), reason: text("Why it cannot be used.") }), {
      description: "Files that are no usable bundle.",
    }),
  },
  { $id: "ReloadBundlesResponse", description: "What the folder holds." },
);

export const RemoveBundleResponse = t.Object(
  {
    ok: flag("Always true."),
    bundle_ref: text("What was removed."),
    removed: count("Versions that went."),
    ...reloadFields,
  },
  { $id: "RemoveBundleResponse", description: "What was removed. Runs under way keep their version." },
);

export const DeprecateRequest = t.Object(
  {
    flow_id: optionalText("Entrypoint; the whole bundle when absent."),
    reason: optionalText("Why, for people."),
  },
  { $id: "DeprecateBundleRequest", description: "What shall not be started any more." },
);
export type DeprecateRequest = Static<typeof DeprecateRequest>;

export const DeprecateResponse = t.Object(
  {
    ok: flag("Always true."),
    bundle_id: text("Bundle."),
    flow_id: text("Entrypoint, or `*`."),
    deprecated_at: text("Since when."),
    reason: t.Optional(nullable(t.String(), "Why.")),
  },
  { $id: "DeprecateBundleResponse", description: "The deprecation." },
);

export const UndeprecateRequest = t.Object(
  { flow_id: optionalText("Entrypoint; the whole bundle when absent.") },
  { $id: "UndeprecateBundleRequest", description: "What may be started again." },
);
export type UndeprecateRequest = Static<typeof UndeprecateRequest>;

export const UndeprecateResponse = t.Object(
  {
    ok: flag("Always true."),
    bundle_id: text("Bundle."),
    flow_id: text("Entrypoint, or `*`."),
    removed: flag("Whether there was a deprecation."),
  },
  { $id: "UndeprecateBundleResponse", description: "Whether a deprecation was taken back." },
);
