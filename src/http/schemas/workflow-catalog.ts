import { Type as t } from "@sinclair/typebox";
import { flag, jsonObject, nullable, optionalText, text, textOrNull, time } from "#http/schemas/fields.ts";

const names = (description: string, preset: string[]) =>
  t.Array(t.String({ maxLength: 80 }), { maxItems: 1000, default: preset, description });

const acl = {
  roles: names("Roles that may use it.", ["user", "admin"]),
  users: names("Users that may, beside them.", []),
  deny_users: names("Users that may not, whatever else is said.", []),
};

export const CatalogAcl = t.Object(acl, {
  $id: "CatalogAcl",
  additionalProperties: false,
  description: "Who may use a bundle of the catalog.",
});

const CatalogRecord = t.Object(
  {
    scope: text("`tenant_catalog`."),
    tenant_id: text("Whose catalog."),
    bundle_id: text("Bundle."),
    bundle_version: text("Version."),
    bundle_ref: text("`bundle@version`."),
    sha256: text("SHA-256 of the archive."),
    status: text("`published`, `deprecated`, `blocked` or `tombstoned`."),
    visibility: text("`tenant`."),
    acl: jsonObject("Who may use it."),
    run_policy: jsonObject("As whom it runs: the caller."),
    default_entrypoint: textOrNull("Flow that is started when none is named."),
    entrypoints: t.Array(jsonObject("A flow: flow_id, name, description, interfaces."), { description: "Flows." }),
    created_at: time("When it came."),
    updated_at: time("When it was changed."),
    published_at: time("When it was published."),
    status_reason: textOrNull("Why it is not to be used."),
    is_default: flag("Whether it is used when no version is named."),
    default_version: textOrNull("The version that is."),
    actions: t.Object(
      {
        can_run: flag("Whether the caller may start it."),
        can_inspect: flag("Whether they may read its flows."),
        can_admin: flag("Whether they may change it."),
      },
      { description: "What the caller may do with it." },
    ),
  },
  { $id: "CatalogRecord", description: "A version of a bundle that a tenant's users share." },
);

const scope = { scope: text("Always `tenant_catalog`."), tenant_id: text("Whose catalog.") };

export const CatalogList = t.Object(
  {
    items: t.Array(CatalogRecord, { description: "By bundle and version." }),
    ...scope,
    count: t.Integer({ description: "How many." }),
  },
  { $id: "CatalogList", description: "The catalog of a tenant." },
);

export const CatalogBundle = t.Object(
  { items: t.Array(CatalogRecord, { description: "Its versions." }), ...scope, bundle_id: text("The bundle.") },
  { $id: "CatalogBundle", description: "A bundle of the catalog." },
);

export const CatalogQuery = t.Object({
  scope: t.String({ default: "tenant_catalog", description: "`tenant_catalog`." }),
  tenant_id: t.Optional(t.String({ description: "Another tenant, for administrators." })),
  include_inactive: t.Boolean({ default: false, description: "For administrators: what cannot be started too." }),
  include_denied: t.Boolean({ default: false, description: "For administrators: what is denied to them too." }),
});

export const CatalogFlowQuery = t.Object({
  registry_scope: t.String({ default: "tenant_catalog", description: "`tenant_catalog`." }),
  tenant_id: t.Optional(t.String({ description: "Another tenant, for administrators." })),
});

export const CatalogTenantQuery = t.Object({
  scope: t.String({ default: "tenant_catalog", description: "`tenant_catalog`." }),
  tenant_id: t.Optional(t.String({ description: "Tenant; the caller's own when absent." })),
});

export const CatalogFlow = t.Object(
  { registry_scope: text("`tenant_catalog`."), tenant_id: text("Whose catalog.") },
  { $id: "CatalogFlow", additionalProperties: true, description: "As of an installed bundle." },
);

export const PromoteRequest = t.Object(
  {
    bundle_id: t.String({ minLength: 1, maxLength: 200, description: "A bundle of the caller." }),
    bundle_version: optionalText("Its version; the latest when absent."),
    scope: t.String({ default: "tenant_catalog", description: "`tenant_catalog`." }),
    tenant_id: optionalText("Tenant; the caller's own when absent."),
    make_default: t.Boolean({ default: true, description: "Whether it is used when no version is named." }),
    acl: t.Optional(
      nullable(t.Partial(t.Object(acl, { additionalProperties: false })), "Who may use it; everybody when absent."),
    ),
  },
  { $id: "PromoteRequest", additionalProperties: false, description: "What to share." },
);

export const CatalogUploadForm = t.Object(
  {
    file: t.String({ format: "binary", description: "A `.flow` archive." }),
    scope: optionalText("`tenant_catalog`."),
    tenant_id: optionalText("Tenant; the caller's own when absent."),
    roles: optionalText("Roles that may use it, with commas; `user,admin` when absent."),
    users: optionalText("Users that may, with commas."),
    deny_users: optionalText("Users that may not, with commas."),
    make_default: optionalText("Whether it is used when no version is named; true when absent."),
  },
  { $id: "CatalogUploadForm", description: "An archive for the catalog." },
);

export const StatusRequest = t.Object(
  { reason: t.Optional(nullable(t.String({ maxLength: 1000 }), "Why, for people.")) },
  { $id: "CatalogStatusRequest", additionalProperties: false, description: "Why." },
);

export const CatalogChanged = t.Object(
  {
    ok: flag("Always true."),
    record: CatalogRecord,
    reload: t.Optional(jsonObject("Nothing has to be loaded.")),
    deleted_bytes: t.Optional(flag("Always false: runs keep their version.")),
  },
  { $id: "CatalogChanged", description: "The record as it is now." },
);
