import { expect, test } from "bun:test";
import { bundleDetail, bundleListItem } from "#bundles/bundle-summary.ts";
import { readBundle } from "#bundles/read-bundle.ts";
import type { InstalledBundle } from "#bundles/registry.ts";
import { archive, exec, flow } from "#fixtures/bundles.ts";

const bundle = readBundle(
  archive(
    "b",
    [
      flow(
        "main",
        [
          exec("start", "on_flow_start", { out: ["name:string"], data: { label: "Start", headerColor: "#fff" } }),
          exec("plain", "if", { data: { label: "" } }),
        ],
        ["start > plain"],
      ),
      flow("aid", [exec("start", "on_flow_start")], []),
    ],
    "1.0",
  ),
);
const { manifest, digest } = bundle;
const installed: InstalledBundle = { manifest, digest, isDraft: false, removable: true, bundle };
const none = { deprecation: () => null, latest: () => ({ published: "1.0", any: "draft.2" }) };
const deprecated = { ...none, deprecation: () => ({ deprecated_at: "t", reason: "old" }) };
const entrypoint = {
  flow_id: "main",
  name: "main",
  description: "",
  interfaces: [],
  workflow_id: "b@1.0:main",
  deprecated: false,
  deprecated_at: null,
  deprecated_reason: null,
};

test("a list item has what clients choose by", () => {
  expect(bundleListItem(installed, none, false)).toEqual({
    bundle_id: "b",
    bundle_version: "1.0",
    bundle_ref: "b@1.0",
    registry_scope: "private",
    version_channel: "published",
    is_draft: false,
    is_published: true,
    latest_published_version: "1.0",
    latest_any_version: "draft.2",
    created_at: "2026-01-01T00:00:00+00:00",
    metadata: {},
    default_entrypoint: null,
    entrypoints: [entrypoint],
    actions: {
      can_run: true,
      can_upload: true,
      can_remove: true,
      can_deprecate: true,
      catalog_promote_endpoint: "/api/gateway/admin/workflow-catalog/promote",
    },
  });
});

test("a deprecated entrypoint is left out unless it is asked for", () => {
  expect(bundleListItem(installed, deprecated, false).entrypoints).toEqual([]);
  expect(bundleListItem(installed, deprecated, true).entrypoints).toEqual([
    { ...entrypoint, deprecated: true, deprecated_at: "t", deprecated_reason: "old" },
  ]);
});

test("the detail has inputs and an index of the nodes", () => {
  expect(bundleDetail(installed, none)).toEqual({
    bundle_id: "b",
    bundle_version: "1.0",
    bundle_ref: "b@1.0",
    created_at: "2026-01-01T00:00:00+00:00",
    default_entrypoint: null,
    entrypoints: [
      {
        ...entrypoint,
        inputs: [{ id: "name", label: "name", type: "string" }],
        node_index: {
          start: { type: "on_flow_start", label: "Start", headerColor: "#fff" },
          plain: { type: "if", label: "if" },
        },
      },
    ],
    flows: ["aid", "main"],
    metadata: {},
    warnings: [],
  });
});
