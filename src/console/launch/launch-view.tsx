import { useQuery } from "@tanstack/react-query";
import { CalendarPlus, Play } from "lucide-react";
import { useState } from "react";
import { useLocation } from "wouter";
import { useHistoryState } from "wouter/use-browser-location";
import { InputFields } from "#console/launch/input-fields.tsx";
import { readInput, textOf } from "#console/launch/input-values.ts";
import { type Timing, firstTiming, scheduleTimes, timingTrouble } from "#console/launch/timing.ts";
import { TimingFields } from "#console/launch/timing-fields.tsx";
import { useClient } from "#console/session/session.tsx";
import { Button } from "#console/ui/button.tsx";
import { Bones } from "#console/ui/empty.tsx";
import { TextField } from "#console/ui/fields.tsx";
import { PageHead } from "#console/ui/page-head.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { useAction } from "#console/ui/use-action.ts";
import type { FlowInputs, RunInput } from "#sdk/history.ts";

interface LaunchViewProps {
  bundleRef: string;
  flowId: string;
}

/** Starts a flow now, or tells when it is to run. */
export function LaunchView({ bundleRef, flowId }: LaunchViewProps) {
  const client = useClient();
  const from = useHistoryState<{ from?: string } | null>()?.from ?? null;
  const inputs = useQuery({
    queryKey: ["inputs", bundleRef, flowId],
    queryFn: () => client.history.inputsOf(bundleRef, flowId),
    staleTime: 60_000,
  });
  const before = useQuery({
    queryKey: ["run", from, "input"],
    queryFn: () => client.history.input(from ?? ""),
    enabled: from !== null,
    staleTime: 60_000,
  });
  const error = inputs.error ?? before.error;
  const isReady = inputs.data && (from === null || before.data);
  return (
    <div className="stack narrow">
      <PageHead
        title={from === null ? "Start a run" : "Run again"}
        beside={<span className="tag">{`${bundleRef} / ${flowId}`}</span>}
      />
      {error && <Problem>{messageOf(error)}</Problem>}
      {!isReady && !error && (
        <div className="panel">
          <Bones rows={4} />
        </div>
      )}
      {isReady && inputs.data && <LaunchForm inputs={inputs.data} before={before.data ?? null} />}
    </div>
  );
}

interface LaunchFormProps {
  inputs: FlowInputs;
  /** What another run was started with. */
  before: RunInput | null;
}

function LaunchForm({ inputs, before }: LaunchFormProps) {
  const [texts, setTexts] = useState(() => firstTexts(inputs, before));
  const [timing, setTiming] = useState<Timing>(firstTiming);
  const [session, setSession] = useState("");
  const [isTried, setTried] = useState(false);
  const read = readInput(inputs.inputs, texts);
  const trouble = timingTrouble(timing);
  const launch = useLaunch(inputs, session.trim());
  const submit = () => {
    setTried(true);
    if (Object.keys(read.wrong).length === 0 && trouble === null) launch.mutate({ values: read.values, timing });
  };
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <section className="panel">
        <header>
          <h2>Input</h2>
        </header>
        <div className="body form">
          <InputFields
            inputs={inputs.inputs}
            texts={texts}
            wrong={isTried ? read.wrong : {}}
            onChange={(id, text) => setTexts({ ...texts, [id]: text })}
          />
        </div>
      </section>
      <section className="panel">
        <header>
          <h2>When</h2>
        </header>
        <div className="body form">
          <TimingFields
            timing={timing}
            wrong={isTried ? trouble : null}
            onChange={(changes) => setTiming({ ...timing, ...changes })}
          />
          <TextField
            label="Session"
            hint="Runs of one session share memory and attachments. Empty: one of its own."
            value={session}
            onChange={setSession}
          />
        </div>
      </section>
      <div className="row">
        <Button kind="primary" type="submit" disabled={launch.isPending}>
          {timing.when === "now" ? <Play size={16} /> : <CalendarPlus size={16} />}
          {timing.when === "now" ? "Start" : "Schedule"}
        </Button>
      </div>
    </form>
  );
}

function firstTexts({ inputs, defaults }: FlowInputs, before: RunInput | null): Record<string, string> {
  const given = (before?.input_data ?? {}) as Record<string, unknown>;
  return Object.fromEntries(
    inputs.map(({ id, default: own }) => [id, textOf(given[id] ?? own ?? (defaults as Record<string, unknown>)[id])]),
  );
}

function useLaunch(inputs: FlowInputs, session: string) {
  const client = useClient();
  const [, go] = useLocation();
  return useAction({
    run: async ({ values, timing }: { values: ReturnType<typeof readInput>["values"]; timing: Timing }) => {
      const body = {
        bundle_id: inputs.bundle_ref,
        flow_id: inputs.flow_id,
        input_data: values,
        ...(session ? { session_id: session } : {}),
      };
      if (timing.when === "now") return client.start(body);
      return client.createSchedule({ ...body, ...scheduleTimes(timing) });
    },
    changes: [["runs"], ["schedules"]],
    done: (_id, { timing }) => (timing.when === "now" ? "Started." : "Scheduled."),
    after: (id, { timing }) => go(timing.when === "now" ? `/runs/${id}` : "/schedules"),
  });
}
