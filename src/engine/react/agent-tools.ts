import type { JsonObject } from "#core/value.ts";
import { askUserSpec } from "#engine/react/ask-user-spec.ts";
import { delegateAgentSpec } from "#engine/react/delegation.ts";
import { memoryToolSpecs } from "#engine/react/memory-tools.ts";

/** Tools that an agent's loop carries out itself, as catalogue entries. They need nobody's consent. */
export const agentToolSpecs: JsonObject[] = [askUserSpec, delegateAgentSpec, ...memoryToolSpecs];
