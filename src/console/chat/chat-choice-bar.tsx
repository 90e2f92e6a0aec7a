import { useQuery } from "@tanstack/react-query";
import type { ChatChoice } from "#console/chat/use-chat.ts";
import { ModelChoice } from "#console/models/model-choice.tsx";
import { useClient } from "#console/session/session.tsx";
import type { BundleItem } from "#sdk/wire.ts";

interface ChatChoiceBarProps {
  choice: ChatChoice;
  onChange: (choice: ChatChoice) => void;
}

/** With whom: the agent, and the model behind it when it is not the gateway's own choice. */
export function ChatChoiceBar({ choice, onChange }: ChatChoiceBarProps) {
  const client = useClient();
  const agents = useQuery({ queryKey: ["bundles", "agents"], queryFn: () => client.bundles(), select: agentsOf });
  const current = `${choice.bundleRef}:${choice.flowId}`;
  return (
    <div className="row">
      <select
        className="input"
        aria-label="Agent"
        value={current}
        onChange={(event) => {
          const agent = agents.data?.find(({ key }) => key === event.target.value);
          if (agent) onChange({ ...choice, bundleRef: agent.bundleRef, flowId: agent.flowId });
        }}
      >
        {(agents.data ?? [{ key: current, name: choice.bundleRef }]).map(({ key, name }) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
      <ModelChoice
        provider={choice.provider}
        model={choice.model}
        onChange={(provider, model) => onChange({ ...choice, provider, model })}
      />
    </div>
  );
}

interface Agent {
  key: string;
  name: string;
  bundleRef: string;
  flowId: string;
}

function agentsOf(bundles: BundleItem[]): Agent[] {
  return bundles.flatMap(({ bundle_id, entrypoints }) =>
    entrypoints
      .filter(({ interfaces = [] }) => interfaces.some((name) => /agent|chat/.test(name)))
      .map(({ flow_id, name }) => ({
        key: `${bundle_id}:${flow_id}`,
        name: name === bundle_id ? name : `${bundle_id} / ${name}`,
        bundleRef: bundle_id,
        flowId: flow_id,
      })),
  );
}
