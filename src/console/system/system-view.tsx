import { useQuery } from "@tanstack/react-query";
import { useClient, useWho } from "#console/session/session.tsx";
import { Metrics } from "#console/system/metrics.tsx";
import { Bones } from "#console/ui/empty.tsx";
import { Figure } from "#console/ui/figure.tsx";
import { PageHead } from "#console/ui/page-head.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { bytes, duration, wholeTime } from "#console/ui/time.tsx";
import type { Status } from "#sdk/system.ts";

/** How the gateway itself is. */
export function SystemView() {
  const client = useClient();
  const isAdmin = useWho().principal.admin;
  const status = useQuery({ queryKey: ["status"], queryFn: () => client.system.status(), refetchInterval: 2000 });
  const gpu = useQuery({
    queryKey: ["gpu"],
    queryFn: () => client.system.gpu(),
    refetchInterval: 5000,
    enabled: isAdmin,
  });
  return (
    <div className="stack">
      <PageHead title="System" />
      {status.error && <Problem>{messageOf(status.error)}</Problem>}
      {status.isPending && (
        <div className="panel">
          <Bones rows={4} />
        </div>
      )}
      {status.data && <Figures status={status.data} />}
      {gpu.data && (
        <section className="panel">
          <header>
            <h2>Graphics cards</h2>
          </header>
          <div className="body">
            {gpu.data.supported && gpu.data.gpus ? (
              <ul>
                {gpu.data.gpus.map((card) => (
                  <li key={card.index} className="row spread">
                    <span>{card.name}</span>
                    <meter min={0} max={100} value={card.utilization_gpu_pct} aria-label={`Load of ${card.name}`} />
                    <span className="numbers">{Math.round(card.utilization_gpu_pct)} %</span>
                  </li>
                ))}
              </ul>
            ) : (
              <p className="quiet">{gpu.data.reason ?? "None that can be read."}</p>
            )}
          </div>
        </section>
      )}
      {isAdmin && <Metrics />}
      <section className="panel">
        <header>
          <h2>When something is wrong</h2>
        </header>
        <div className="body stack small">
          <p>On the gateway's machine, these look for trouble and name its remedy:</p>
          <pre className="text-box">
            {"abstractgateway doctor\nabstractgateway verify\nabstractgateway gc --dry-run"}
          </pre>
        </div>
      </section>
    </div>
  );
}

function Figures({ status }: { status: Status }) {
  const { runs, runner, ledger, memory } = status;
  return (
    <section className="panel">
      <div className="body">
        <dl className="figures numbers">
          <Figure label="Version">{status.version}</Figure>
          <Figure label="Up for">
            <span title={wholeTime(status.started_at)}>{duration(status.uptime_s * 1000)}</span>
          </Figure>
          <Figure label="Running">{runs.running}</Figure>
          <Figure label="Waiting">{runs.waiting}</Figure>
          <Figure label="Paused">{runs.paused}</Figure>
          <Figure label="Live streams">{status.streams}</Figure>
          <Figure label="Runner">{runner ? runner.state : "in another process"}</Figure>
          {runner && (
            <>
              <Figure label="At work">{runner.active_runs}</Figure>
              <Figure label="Queued">{runner.queued_runs}</Figure>
              <Figure label="Effects in flight">{runner.effects_in_flight}</Figure>
            </>
          )}
          <Figure label="Memory">{bytes(memory.resident_bytes)}</Figure>
          <Figure label="Ledger">{bytes(ledger.bytes)}</Figure>
          <Figure label="Ledger's log">{bytes(ledger.log_bytes)}</Figure>
        </dl>
      </div>
    </section>
  );
}
