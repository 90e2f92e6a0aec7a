import { type Static, Type as t } from "@sinclair/typebox";
import { anyValue, flag, jsonObject, nullable, optionalText, text, textOrNull } from "#http/schemas/fields.ts";

const texts = t.Array(t.String());
const objects = t.Array(t.Object({}, { additionalProperties: true }));

export const VisualFlow = t.Object(
  {
    id: text("Id of the flow: eight characters."),
    name: text("Name for people."),
    description: text("What it is for."),
    interfaces: t.Array(t.String(), { description: "Interfaces that the flow implements." }),
    nodes: t.Array(jsonObject("A node: `id`, `type`, `position`, `data`."), {
      description: "Nodes as the editor wrote them.",
    }),
    edges: t.Array(jsonObject("An edge: `source`, `sourceHandle`, `target`, `targetHandle`."), {
      description: "Edges as the editor wrote them.",
    }),
    entryNode: textOrNull("Node that the flow begins with; null: the one that nothing leads to."),
    created_at: text("When it was first saved."),
    updated_at: text("When it was last saved."),
  },
  { $id: "VisualFlow", description: "A flow as the editor keeps it." },
);

export const VisualFlowList = t.Array(VisualFlow, { description: "All flows of the caller, by id." });

export const CreateVisualFlowRequest = t.Object(
  {
    name: text("Name for people."),
    description: t.String({ default: "", description: "What it is for." }),
    interfaces: t.Array(t.String(), { default: [], description: "Interfaces that the flow implements." }),
    nodes: t.Array(jsonObject("A node."), { default: [], description: "Nodes, each with an id of its own." }),
    edges: t.Array(jsonObject("An edge."), { default: [], description: "Edges between nodes that are there." }),
    entryNode: optionalText("Node that the flow begins with."),
  },
  { $id: "CreateVisualFlowRequest", additionalProperties: false, description: "A flow to keep." },
);
export type CreateVisualFlowRequest = Static<typeof CreateVisualFlowRequest>;

export const UpdateVisualFlowRequest = t.Object(
  {
    name: optionalText("Name for people."),
    description: optionalText("What it is for."),
    interfaces: t.Optional(nullable(texts, "Interfaces that the flow implements.")),
    nodes: t.Optional(nullable(objects, "All nodes.")),
    edges: t.Optional(nullable(objects, "All edges.")),
    entryNode: optionalText("Node that the flow begins with."),
  },
  {
    $id: "UpdateVisualFlowRequest",
    additionalProperties: false,
    description: "What changes; null or absent: it stays.",
  },
);
export type UpdateVisualFlowRequest = Static<typeof UpdateVisualFlowRequest>;

export const RemovedVisualFlow = t.Object(
  { status: text("`deleted`."), id: text("The flow that went.") },
  { $id: "RemovedVisualFlow", description: "Bundles that were published from it stay." },
);

export const PublishVisualFlowRequest = t.Object(
  {
    bundle_id: optionalText("Id of the bundle; the flow's name as an id when absent."),
    bundle_version: optionalText("Version, `draft.…` for a draft; one more than the latest when absent."),
    overwrite: t.Boolean({ default: false, description: "Replace the same version." }),
    reload_gateway: t.Boolean({
      default: true,
      description: "Whether the client wants to start it at once, which it can in any case.",
    }),
  },
  { $id: "PublishVisualFlowRequest", description: "How the bundle shall be named." },
);
export type PublishVisualFlowRequest = Static<typeof PublishVisualFlowRequest>;

export const PublishedVisualFlow = t.Object(
  {
    ok: flag("Always true."),
    bundle_id: text("Id of the bundle."),
    bundle_version: text("Its version."),
    bundle_ref: text("`id@version`."),
    bundle_path: text("Its file on the gateway's machine."),
    gateway_reloaded: flag("Whether the bundle is known to the gateway."),
    gateway_reload_error: textOrNull("Why it is not."),
  },
  { $id: "PublishedVisualFlow", description: "The bundle that was installed." },
);

export const SimulateCodeRequest = t.Object(
  {
    code: t.String({ default: "", description: "Source with the function." }),
    input: t.Optional(anyValue("Argument of the function: an object.")),
    function_name: t.String({ default: "transform", description: "Function to call." }),
    permissions: t.String({ default: "sandbox", description: "`sandbox` or `full_access`." }),
    language: t.String({ default: "python", description: "`python` or `javascript`." }),
  },
  { $id: "SimulateCodeRequest", additionalProperties: false, description: "Code of a node, to be tried." },
);
export type SimulateCodeRequest = Static<typeof SimulateCodeRequest>;

export const SimulatedCode = t.Object(
  {
    ok: flag("Whether the code ran and answered."),
    success: flag("The same."),
    output: anyValue("What the function gave."),
    execution: nullable(jsonObject("Time and memory that it took."), "Null when it did not run."),
    error: textOrNull("Why it gave nothing."),
    diagnostics: t.Object({
      source: text("`code`."),
      phase: text("`compile` or `runtime`: where it failed, or how far it came."),
      requested_mode: text("Permissions that were asked for."),
      effective_mode: textOrNull("Those it ran with; null when it was refused."),
      allowed: flag("Whether they are allowed here."),
    }),
  },
  { $id: "SimulatedCode", description: "What the code came to." },
);
