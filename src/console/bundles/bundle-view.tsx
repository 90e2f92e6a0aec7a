import { useQuery } from "@tanstack/react-query";
import { Play, Trash2 } from "lucide-react";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useClient } from "#console/session/session.tsx";
import { Button, IconButton } from "#console/ui/button.tsx";
import { Dialog } from "#console/ui/dialog.tsx";
import { Bones } from "#console/ui/empty.tsx";
import { PageHead } from "#console/ui/page-head.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { Ago } from "#console/ui/time.tsx";
import { useAction } from "#console/ui/use-action.ts";
import type { BundleItem } from "#sdk/wire.ts";

/** All versions of a bundle, and what each can be started with. */
export function BundleView({ bundleRef }: { bundleRef: string }) {
  const client = useClient();
  const bundleId = bundleRef.split("@", 1)[0] ?? bundleRef;
  const [, go] = useLocation();
  const [leaving, setLeaving] = useState<BundleItem | null>(null);
  const versions = useQuery({
    queryKey: ["bundles", "versions", bundleId],
    queryFn: () => client.bundles({ all_versions: true, include_drafts: true }),
    select: (items) => items.filter(({ bundle_id }) => bundle_id === bundleId),
  });
  const remove = useAction({
    run: (bundle: BundleItem) => client.removeBundle(bundle.bundle_ref),
    changes: [["bundles"]],
    done: (_answer, { bundle_ref }) => `${bundle_ref} is removed.`,
    after: () => {
      setLeaving(null);
      if (versions.data?.length === 1) go("/bundles");
    },
  });
  return (
    <div className="stack">
      <PageHead
        title={bundleId}
        about="Versions, the newest first. A run keeps the version that it was started with."
      />
      {versions.error && <Problem>{messageOf(versions.error)}</Problem>}
      {!versions.data && !versions.error && (
        <div className="panel">
          <Bones rows={3} />
        </div>
      )}
      {versions.data?.map((bundle) => (
        <Version key={bundle.bundle_ref} bundle={bundle} onRemove={() => setLeaving(bundle)} />
      ))}
      {leaving && (
        <Dialog title={`Remove ${leaving.bundle_ref}?`} onClose={() => setLeaving(null)}>
          <p>It can no longer be started. Runs and schedules that have it keep it.</p>
          <footer>
            <Button onClick={() => setLeaving(null)}>Keep it</Button>
            <Button kind="danger" onClick={() => remove.mutate(leaving)} disabled={remove.isPending}>
              Remove
            </Button>
          </footer>
        </Dialog>
      )}
    </div>
  );
}

function Version({ bundle, onRemove }: { bundle: BundleItem; onRemove: () => void }) {
  return (
    <section className="panel">
      <header>
        <div className="row">
          <h2 className="numbers">{bundle.bundle_version}</h2>
          {bundle.is_draft && <span className="tag">draft</span>}
          {bundle.created_at && (
            <span className="quiet small">
              <Ago at={bundle.created_at} />
            </span>
          )}
        </div>
        <IconButton label={`Remove ${bundle.bundle_ref}`} size="small" onClick={onRemove}>
          <Trash2 size={16} />
        </IconButton>
      </header>
      <ul className="entries">
        {bundle.entrypoints.map(({ flow_id: flowId, name, description }) => (
          <li key={flowId}>
            <div>
              <strong>{name || flowId}</strong>
              <p className="quiet small">{description || flowId}</p>
            </div>
            <Link
              className="button small"
              href={`/start/${encodeURIComponent(bundle.bundle_ref)}/${encodeURIComponent(flowId)}`}
            >
              <Play size={15} />
              Start
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
