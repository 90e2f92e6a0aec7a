import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "#console/session/session.tsx";
import { Bones } from "#console/ui/empty.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";

/** The numbers that Prometheus gets, as a table. */
export function Metrics() {
  const client = useClient();
  const [isOpen, setOpen] = useState(false);
  const metrics = useQuery({
    queryKey: ["metrics"],
    queryFn: () => client.system.metrics(),
    enabled: isOpen,
    refetchInterval: 5000,
    select: samplesOf,
  });
  return (
    <section className="panel">
      <details className="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <strong>Metrics</strong>
          <span className="quiet small">as Prometheus reads them, without buckets</span>
        </summary>
        {metrics.error && <Problem>{messageOf(metrics.error)}</Problem>}
        {metrics.isLoading && <Bones rows={3} />}
        {metrics.data && (
          <div className="table-frame">
            <table className="table">
              <tbody>
                {metrics.data.map(({ name, value, help }) => (
                  <tr key={name} title={help}>
                    <td className="mono">{name}</td>
                    <td className="number">{value}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </details>
    </section>
  );
}

interface Sample {
  name: string;
  value: string;
  help: string;
}

function samplesOf(text: string): Sample[] {
  let help = "";
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("# HELP ")) help = line.split(" ").slice(3).join(" ");
    const match = /^([a-z_]+(?:\{[^}]*\})?) (\S+)/.exec(line);
    if (match?.[1] && !match[1].includes("_bucket")) samples.push({ name: match[1], value: match[2] ?? "", help });
  }
  return samples;
}
