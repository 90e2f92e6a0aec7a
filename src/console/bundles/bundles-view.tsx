import { useQuery } from "@tanstack/react-query";
import { Boxes, Play, Upload } from "lucide-react";
import { Link } from "wouter";
import { DropPlace } from "#console/bundles/drop-place.tsx";
import { useClient } from "#console/session/session.tsx";
import { Bones, Empty } from "#console/ui/empty.tsx";
import { PageHead } from "#console/ui/page-head.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import type { BundleItem } from "#sdk/wire.ts";

export function BundlesView() {
  const client = useClient();
  const bundles = useQuery({ queryKey: ["bundles", "list"], queryFn: () => client.bundles() });
  return (
    <DropPlace>
      {(choose) => (
        <div className="stack">
          <PageHead
            title="Bundles"
            about="Flows that can be run. Drop a .flow file anywhere on this page to install it."
          >
            <button type="button" className="button primary" onClick={choose}>
              <Upload size={16} />
              Upload
            </button>
          </PageHead>
          {bundles.error && <Problem>{messageOf(bundles.error)}</Problem>}
          {bundles.isPending && (
            <div className="panel">
              <Bones rows={4} />
            </div>
          )}
          {bundles.data?.length === 0 && (
            <div className="panel">
              <Empty icon={Boxes} title="No bundle is installed">
                <p>Drop a .flow file here, or install one from a terminal:</p>
                <code>abstractgateway bundle install my.flow</code>
              </Empty>
            </div>
          )}
          <div className="cards">
            {bundles.data?.map((bundle) => (
              <BundleCard key={bundle.bundle_ref} bundle={bundle} />
            ))}
          </div>
        </div>
      )}
    </DropPlace>
  );
}

function BundleCard({ bundle }: { bundle: BundleItem }) {
  return (
    <article className="panel card">
      <header>
        <Link className="plain-link cut" href={`/bundles/${encodeURIComponent(bundle.bundle_id)}`}>
          {bundle.bundle_id}
        </Link>
        <span className="tag numbers">{bundle.bundle_version}</span>
      </header>
      <ul className="entries">
        {bundle.entrypoints.map(({ flow_id: flowId, name, description, deprecated }) => (
          <li key={flowId}>
            <div>
              <strong className="cut">{name || flowId}</strong>
              {description && <p className="quiet small">{description}</p>}
              {deprecated && <span className="tag">deprecated</span>}
            </div>
            {!deprecated && (
              <Link
                className="button small"
                aria-label={`Start ${name || flowId}`}
                href={`/start/${encodeURIComponent(bundle.bundle_ref)}/${encodeURIComponent(flowId)}`}
              >
                <Play size={15} />
                Start
              </Link>
            )}
          </li>
        ))}
      </ul>
    </article>
  );
}
