import { type ComponentType, lazy } from "react";
import { Redirect, Route, Switch } from "wouter";
import { newChatPath } from "#console/chat/new-chat-path.ts";
import { RunsView } from "#console/runs/runs-view.tsx";
import { PageHead } from "#console/ui/page-head.tsx";

/** A view whose scripts come when it is first looked at. */
function later<Props extends object>(load: () => Promise<ComponentType<Props>>) {
  return lazy(async () => ({ default: await load() }));
}

const RunView = later(async () => (await import("#console/run/run-view.tsx")).RunView);
const InboxView = later(async () => (await import("#console/inbox/inbox-view.tsx")).InboxView);
const ChatView = later(async () => (await import("#console/chat/chat-view.tsx")).ChatView);
const LaunchView = later(async () => (await import("#console/launch/launch-view.tsx")).LaunchView);
const SchedulesView = later(async () => (await import("#console/schedules/schedules-view.tsx")).SchedulesView);
const BundlesView = later(async () => (await import("#console/bundles/bundles-view.tsx")).BundlesView);
const BundleView = later(async () => (await import("#console/bundles/bundle-view.tsx")).BundleView);
const ArtifactsView = later(async () => (await import("#console/artifacts/artifacts-view.tsx")).ArtifactsView);
const StudioView = later(async () => (await import("#console/studio/studio-view.tsx")).StudioView);
const GraphView = later(async () => (await import("#console/graph/graph-view.tsx")).GraphView);
const ModelsView = later(async () => (await import("#console/models/models-view.tsx")).ModelsView);
const ConnectionsView = later(async () => (await import("#console/connections/connections-view.tsx")).ConnectionsView);
const PeopleView = later(async () => (await import("#console/people/people-view.tsx")).PeopleView);
const WebhooksView = later(async () => (await import("#console/webhooks/webhooks-view.tsx")).WebhooksView);
const SystemView = later(async () => (await import("#console/system/system-view.tsx")).SystemView);

/** A part of an address as it was before it became one. The router leaves `%40` and its like. */
function plain(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function Views() {
  return (
    <Switch>
      <Route path="/">
        <Redirect to="/runs" replace />
      </Route>
      <Route path="/runs">{() => <RunsView />}</Route>
      <Route path="/runs/:runId">{({ runId }) => <RunView key={runId} runId={runId} />}</Route>
      <Route path="/inbox">{() => <InboxView />}</Route>
      <Route path="/chat">{() => <Redirect to={newChatPath()} replace />}</Route>
      <Route path="/chat/:sessionId">{({ sessionId }) => <ChatView key={sessionId} sessionId={sessionId} />}</Route>
      <Route path="/start/:bundleRef/:flowId">
        {({ bundleRef, flowId }) => (
          <LaunchView key={`${bundleRef}:${flowId}`} bundleRef={plain(bundleRef)} flowId={plain(flowId)} />
        )}
      </Route>
      <Route path="/schedules">{() => <SchedulesView />}</Route>
      <Route path="/bundles">{() => <BundlesView />}</Route>
      <Route path="/bundles/:bundleRef">{({ bundleRef }) => <BundleView bundleRef={plain(bundleRef)} />}</Route>
      <Route path="/artifacts">{() => <ArtifactsView />}</Route>
      <Route path="/studio">{() => <StudioView />}</Route>
      <Route path="/graph">{() => <GraphView />}</Route>
      <Route path="/models">{() => <ModelsView />}</Route>
      <Route path="/connections">{() => <ConnectionsView />}</Route>
      <Route path="/people">{() => <PeopleView />}</Route>
      <Route path="/webhooks">{() => <WebhooksView />}</Route>
      <Route path="/system">{() => <SystemView />}</Route>
      <Route>
        <PageHead title="Nothing is here" about="The address leads nowhere. The navigation leads everywhere." />
      </Route>
    </Switch>
  );
}
