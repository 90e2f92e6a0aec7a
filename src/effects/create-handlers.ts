import type { Artifacts } from "#artifacts/artifacts.ts";
import type { Clock } from "#core/time.ts";
import { codeHandler } from "#effects/code.ts";
import type { EffectHandler } from "#effects/effect-handler.ts";
import { emitEventHandler } from "#effects/emit-event.ts";
import type { FileDependencies } from "#effects/files/file-context.ts";
import { fileHandler } from "#effects/files/file-effect.ts";
import { llmCallHandler } from "#effects/llm-call.ts";
import type { MediaSources } from "#effects/media/given-media.ts";
import { kgAssertHandler } from "#effects/memory/kg-assert.ts";
import { kgQueryHandler } from "#effects/memory/kg-query.ts";
import { kgResolveHandler } from "#effects/memory/kg-resolve.ts";
import { memoryCompactHandler } from "#effects/memory/memory-compact.ts";
import { memoryNoteHandler } from "#effects/memory/memory-note.ts";
import { memoryQueryHandler } from "#effects/memory/memory-query.ts";
import { memoryRehydrateHandler } from "#effects/memory/memory-rehydrate.ts";
import { memoryTagHandler } from "#effects/memory/memory-tag.ts";
import { varsQueryHandler } from "#effects/memory/vars-query.ts";
import { modelResidencyHandler } from "#effects/model-residency.ts";
import { type MakeChild, startSubworkflowHandler } from "#effects/start-subworkflow.ts";
import { steerRunHandler } from "#effects/steer-run.ts";
import { type ToolCallDependencies, toolCallsHandler } from "#effects/tool-calls.ts";
import type { Ledger } from "#ledger/ledger.ts";
import type { BlocStore } from "#models/blocs/bloc-store.ts";
import type { GraphMemory } from "#memory/graph/graph-memory.ts";
import type { SpanStore } from "#memory/spans/span-store.ts";
import type { Prices } from "#models/prices.ts";
import type { ProviderRegistry } from "#models/provider.ts";
import type { CodeRunner } from "#sandbox/code-runner.ts";

export interface HandlerDependencies {
  ledger: Ledger;
  providers: (runtimeId: string) => ProviderRegistry;
  prices: Prices;
  media: MediaSources;
  artifacts: Artifacts;
  blocs: BlocStore;
  codeRunner: CodeRunner;
  makeChild: MakeChild;
  toolCalls: ToolCallDependencies;
  graph: GraphMemory;
  spans: SpanStore;
  files: FileDependencies;
  now: Clock;
}

/** Every effect that this build can carry out, one handler per type. */
export function createHandlers(deps: HandlerDependencies): ReadonlyMap<string, EffectHandler> {
  const handlers = [
    emitEventHandler(deps.ledger, deps.now),
    startSubworkflowHandler(deps.makeChild),
    llmCallHandler(deps),
    toolCallsHandler(deps.toolCalls),
    codeHandler(deps.codeRunner),
    fileHandler(deps.files),
    modelResidencyHandler(deps.providers),
    steerRunHandler(deps.ledger),
    kgAssertHandler(deps.graph, deps.now),
    kgQueryHandler(deps.graph, deps.now),
    kgResolveHandler(deps.graph, deps.now),
    ...spanHandlers(deps),
  ];
  return new Map(handlers.map((handler) => [handler.type, handler]));
}

function spanHandlers({ ledger, spans, graph, providers, now }: HandlerDependencies): EffectHandler[] {
  const memory = { ledger, spans, globalId: graph.globalId };
  return [
    memoryNoteHandler(memory, now),
    memoryQueryHandler(memory),
    memoryTagHandler(memory, now),
    memoryRehydrateHandler(memory),
    memoryCompactHandler({ ...memory, providers, newId: graph.newId }, now),
    varsQueryHandler(),
  ];
}
