import { useQuery } from "@tanstack/react-query";
import { Command } from "cmdk";
import { Boxes, ListTree } from "lucide-react";
import { useLocation } from "wouter";
import { nameOf } from "#console/runs/workflow-name.tsx";
import { useClient } from "#console/session/session.tsx";
import { allPlaces } from "#console/shell/places.ts";
import { Dialog } from "#console/ui/dialog.tsx";
import { StatusBadge } from "#console/ui/status-badge.tsx";

/** Goes anywhere by typing a few letters. */
export function Palette({ onClose }: { onClose: () => void }) {
  const client = useClient();
  const [, go] = useLocation();
  const runs = useQuery({ queryKey: ["runs", "palette"], queryFn: () => client.list({ limit: 100 }) });
  const bundles = useQuery({ queryKey: ["bundles", "list"], queryFn: () => client.bundles() });
  const choose = (path: string) => {
    onClose();
    go(path);
  };
  return (
    <Dialog title="Go to" className="palette" isBare onClose={onClose}>
      <Command label="Go to">
        <Command.Input autoFocus placeholder="A view, a bundle, or a run by its id" />
        <Command.List>
          <Command.Empty>Nothing is called like that.</Command.Empty>
          <Command.Group heading="Views">
            {allPlaces.map(({ path, label, icon: Icon }) => (
              <Command.Item key={path} value={label} onSelect={() => choose(path)}>
                <Icon size={16} aria-hidden="true" />
                {label}
              </Command.Item>
            ))}
          </Command.Group>
          <Command.Group heading="Start">
            {bundles.data?.flatMap(({ bundle_ref: ref, entrypoints }) =>
              entrypoints.map(({ flow_id: flowId, name }) => (
                <Command.Item
                  key={`${ref}:${flowId}`}
                  value={`start ${ref} ${name}`}
                  onSelect={() => choose(`/start/${encodeURIComponent(ref)}/${encodeURIComponent(flowId)}`)}
                >
                  <Boxes size={16} aria-hidden="true" />
                  {name || flowId}
                  <span className="tag">{ref}</span>
                </Command.Item>
              )),
            )}
          </Command.Group>
          <Command.Group heading="Runs">
            {runs.data?.map((run) => (
              <Command.Item
                key={run.run_id}
                value={`${run.run_id} ${run.workflow_id} ${run.status}`}
                onSelect={() => choose(`/runs/${run.run_id}`)}
              >
                <ListTree size={16} aria-hidden="true" />
                <span className="cut">{nameOf(run.workflow_id)}</span>
                <span className="mono quiet">{run.run_id.slice(0, 8)}</span>
                <StatusBadge status={run.status} paused={run.paused} />
              </Command.Item>
            ))}
          </Command.Group>
        </Command.List>
      </Command>
    </Dialog>
  );
}
