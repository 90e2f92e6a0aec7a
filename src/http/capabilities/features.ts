/**
 * Which parts of the contract this build has. A part that is built later changes here, and nowhere else in the document:
 * endpoints stay advertised, so that clients find the whole structure, with `available: false` and the reason.
 */
export const features = {
  schedule: true,
  artifactCatalog: true,
  attachments: true,
  workspace: true,
  capabilityDefaults: true,
  codeNodes: true,
  visualflows: true,
  workflowCatalog: true,
  tools: true,
  promptCache: true,
  blocs: true,
  modelResidency: true,
} as const satisfies Record<string, boolean>;

export type Feature = keyof typeof features;

export const notBuilt: Record<Feature, string> = {
  schedule: "Schedules are not part of this build.",
  artifactCatalog: "Searching, importing and exporting artifacts is not part of this build.",
  attachments: "Uploading attachments is not part of this build.",
  workspace: "Workspace routes are not part of this build.",
  capabilityDefaults:
    "Capability defaults are not part of this build; set a default provider and model on the gateway.",
  codeNodes: "Code nodes are not part of this build.",
  visualflows: "Storing and publishing VisualFlows is not part of this build; upload .flow bundles instead.",
  workflowCatalog: "A shared workflow catalog is not part of this build.",
  tools: "Tools are not part of this build.",
  blocs: "Durable blocs are not part of this build; prompt caches are.",
  promptCache: "Prompt cache controls are not part of this build.",
  modelResidency: "Loading and unloading models is not part of this build.",
};
