import agentFlow from "#bundles/builtin/agent/flow.json" with { type: "json" };
import agentManifest from "#bundles/builtin/agent/manifest.json" with { type: "json" };
import askMeFlow from "#bundles/builtin/ask-me/flow.json" with { type: "json" };
import askMeManifest from "#bundles/builtin/ask-me/manifest.json" with { type: "json" };
import helloFlow from "#bundles/builtin/hello/flow.json" with { type: "json" };
import helloManifest from "#bundles/builtin/hello/manifest.json" with { type: "json" };
import { packFiles } from "#bundles/pack.ts";

/** Archives of the bundles that every gateway has: a first run needs nothing to be installed. */
export function builtinBundles(): Uint8Array[] {
  return [pack(helloManifest, helloFlow), pack(askMeManifest, askMeFlow), pack(agentManifest, agentFlow)];
}

function pack(manifest: object, flow: { id: string }): Uint8Array {
  const text = (value: object) => new TextEncoder().encode(JSON.stringify(value));
  return packFiles(
    new Map([
      ["manifest.json", text(manifest)],
      [`flows/${flow.id}.json`, text(flow)],
    ]),
  );
}
