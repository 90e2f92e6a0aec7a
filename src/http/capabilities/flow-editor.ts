import type { Common } from "#http/capabilities/client-contract.ts";
import { type Caller, type Descriptor, endpoint, endpointOf, hint, path } from "#http/capabilities/descriptors.ts";
import { features } from "#http/capabilities/features.ts";

interface Parts {
  common: Common;
  voice: unknown;
  media: unknown;
}

/** What the Flow editor enables itself by. It works only with a place to store flows. */
export function flowEditorContract({ common, voice, media }: Parts, caller: Caller) {
  return {
    available: features.visualflows,
    version: 1,
    ...hint("visualflows"),
    visualflows: {
      crud: {
        available: features.visualflows,
        collection_endpoint: path("/visualflows"),
        item_endpoint: path("/visualflows/{flow_id}"),
        ...hint("visualflows"),
      },
      publish: endpointOf("visualflows", "/visualflows/{flow_id}/publish"),
    },
    bundles: {
      list: endpoint("/bundles"),
      inspect: endpoint("/bundles/{bundle_id}"),
      upload: endpoint("/bundles/upload"),
      reload: endpoint("/bundles/reload"),
      remove: endpoint("/bundles/{bundle_id}"),
      deprecate: endpoint("/bundles/{bundle_id}/deprecate"),
      undeprecate: endpoint("/bundles/{bundle_id}/undeprecate"),
      flow: endpoint("/bundles/{bundle_id}/flows/{flow_id}"),
    },
    workflow_catalog: workflowCatalog(caller),
    run_input_schema: endpoint("/bundles/{bundle_id}/flows/{flow_id}/input_schema", { version: 1 }),
    runs: common.runs,
    ledger: common.ledger,
    artifacts: common.artifacts,
    voice,
    model_residency: common.model_residency,
    media,
    helpers: {
      providers: path("/discovery/providers"),
      tools: path("/discovery/tools"),
      semantics: path("/semantics"),
      workspace_policy: path("/workspace/policy"),
      kg_query: path("/kg/query"),
      embeddings: path("/embeddings"),
    },
    execution: common.execution,
  };
}

function workflowCatalog(caller: Caller) {
  const version = "/admin/workflow-catalog/{bundle_id}/versions/{bundle_version}";
  return {
    list: endpointOf("workflowCatalog", "/workflow-catalog"),
    inspect: endpointOf("workflowCatalog", "/workflow-catalog/{bundle_id}"),
    run: endpointOf("workflowCatalog", "/runs/start", { registry_scope: "tenant_catalog" }),
    admin: {
      available: features.workflowCatalog && caller.isAdmin,
      upload: adminOnly(caller, "/admin/workflow-catalog/upload"),
      promote: adminOnly(caller, "/admin/workflow-catalog/promote"),
      set_default: adminOnly(caller, `${version}/default`),
      set_acl: adminOnly(caller, `${version}/acl`),
      deprecate: adminOnly(caller, `${version}/deprecate`),
      block: adminOnly(caller, `${version}/block`),
      tombstone: adminOnly(caller, version),
    },
  };
}

function adminOnly(caller: Caller, below: string): Descriptor {
  const descriptor = endpointOf("workflowCatalog", below);
  return caller.isAdmin ? descriptor : { ...descriptor, available: false, denied_reason: "admin_required" };
}
