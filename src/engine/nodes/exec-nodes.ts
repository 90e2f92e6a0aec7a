import { agentNodes } from "#engine/nodes/agent.ts";
import { codeNodes } from "#engine/nodes/code.ts";
import { controlNodes } from "#engine/nodes/control-nodes.ts";
import type { NodeDefinition } from "#engine/nodes/definition.ts";
import { eventNodes } from "#engine/nodes/events.ts";
import { fileNodes } from "#engine/nodes/files.ts";
import { memactNodes } from "#engine/nodes/memact.ts";
import { llmNodes } from "#engine/nodes/llm.ts";
import { mediaNodes } from "#engine/nodes/media.ts";
import { memoryNodes } from "#engine/nodes/memory.ts";
import { pureNodes } from "#engine/nodes/pure-nodes.ts";
import { residencyNodes } from "#engine/nodes/residency.ts";
import { subflowNodes } from "#engine/nodes/subflow.ts";
import { toolNodes } from "#engine/nodes/tools.ts";
import { variableNodes } from "#engine/nodes/variables-exec.ts";
import { scheduleNodes } from "#engine/schedule/nodes.ts";
import { mediaRouteNodes } from "#engine/media/nodes.ts";
import { webhookNodes } from "#engine/webhook/nodes.ts";
import { loopNodes } from "#engine/react/loop-nodes.ts";
import type { PureNode } from "#engine/pure.ts";
import { releaseParts } from "#engine/reading.ts";

/** A data function that its author gave execution pins: a step whose result is the record and the next payload. */
function asStep(run: PureNode): NodeDefinition {
  return {
    run({ execution, node, inputs }) {
      const { vars, now, random } = execution;
      const wired = Object.fromEntries(
        Object.entries(inputs).filter(
          ([pin]) => node.sources.has(pin) || node.defaults.has(pin) || isDeclared(node, pin),
        ),
      );
      const record = run(wired, { node, vars: vars.root, now, random });
      releaseParts(execution, record);
      return { kind: "record", record, ambient: record };
    },
  };
}

function isDeclared(node: { inputs: readonly { id: string }[] }, pin: string): boolean {
  return node.inputs.some((each) => each.id === pin);
}

/** Every node type that can own the cursor. */
export const execNodes: ReadonlyMap<string, NodeDefinition> = new Map([
  ...[...pureNodes].map(([type, run]): [string, NodeDefinition] => [type, asStep(run)]),
  ...eventNodes,
  ...controlNodes,
  ...variableNodes,
  ...subflowNodes,
  ...llmNodes,
  ...agentNodes,
  ...loopNodes,
  ...scheduleNodes,
  ...webhookNodes,
  ...mediaRouteNodes,
  ...toolNodes,
  ...mediaNodes,
  ...memoryNodes,
  ...residencyNodes,
  ...codeNodes,
  ...fileNodes,
  ...memactNodes,
]);
