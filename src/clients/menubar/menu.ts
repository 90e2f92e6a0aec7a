import { messageOf } from "#core/errors.ts";
import { SdkError } from "#sdk/sdk-error.ts";
import type { GatewayClient } from "#sdk/client.ts";
import { type Question, openQuestion } from "#sdk/question.ts";
import type { BundleItem } from "#sdk/wire.ts";
import { type MenuFormat, type MenuItem, menuLine } from "#clients/menubar/menu-line.ts";

export interface MenuOptions {
  format: MenuFormat;
  /** How this program is started with a command: its path and the options that name the gateway. */
  commandOf: (...words: string[]) => string[];
  /** Starts a gateway here; null for one elsewhere. */
  serve: string[] | null;
}

interface Facts {
  counts: { running: number; waiting: number; paused: number };
  questions: Question[];
  bundles: BundleItem[];
}

/** A menu bar is asked every few seconds and must not hang. */
const timeoutMs = 3000;
const maxQuestions = 10;
const maxBundles = 20;

/** The menu as the programs for menu bars read it. Never throws: a gateway that is away is something to show. */
export async function menu(connect: () => Promise<GatewayClient | null>, options: MenuOptions): Promise<string> {
  const blocks = await within(timeoutMs, blocksOf(connect, options)).catch((error: unknown) => away(error, options));
  const lines = blocks.map((items) => items.map((item) => menuLine(item, options.format)));
  return lines
    .filter((each) => each.length > 0)
    .map((each) => each.join("\n"))
    .join("\n---\n");
}

/** The title and what is below it, parted by lines. */
async function blocksOf(connect: () => Promise<GatewayClient | null>, options: MenuOptions): Promise<MenuItem[][]> {
  const client = await connect();
  if (client === null) throw new SdkError(null, "No gateway is running here.");
  const facts = await factsOf(client);
  return [
    [title(facts)],
    questionItems(facts, options),
    stateItems(facts, client, options),
    steerItems(facts, options),
  ];
}

/** All at once: three small requests on one connection. */
async function factsOf(client: GatewayClient): Promise<Facts> {
  const [{ runs }, waiting, bundles] = await Promise.all([
    client.system.status(),
    client.list({ status: "waiting", limit: 200 }),
    client.bundles(),
  ]);
  const questions = waiting.map(openQuestion).filter((question) => question !== null);
  return { counts: runs, questions, bundles };
}

function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new SdkError(null, "The gateway does not answer.")), ms);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function title({ counts, questions }: Facts): MenuItem {
  const parts = [counts.running > 0 ? `▸${counts.running}` : "", questions.length > 0 ? `?${questions.length}` : ""];
  return { text: ["◆", ...parts].filter(Boolean).join(" ") };
}

function questionItems({ questions }: Facts, options: MenuOptions): MenuItem[] {
  const items = questions.slice(0, maxQuestions).flatMap((question) => askItems(question, options));
  const left = questions.length - maxQuestions;
  return left > 0 ? [...items, { text: `… and ${left} more questions` }] : items;
}

function askItems(question: Question, { commandOf }: MenuOptions): MenuItem[] {
  const { runId, waitKey, isApproval, prompt, choices, calls, allowFreeText } = question;
  // A key from a flow may have any character; so written it is one plain word.
  const wait = waitKey === null ? [] : [`--wait=${encodeURIComponent(waitKey)}`];
  const answer = (...words: string[]) => commandOf("menubar", "answer", runId, ...wait, ...words);
  const asked = { text: `? ${isApproval ? (calls[0]?.name ?? prompt) : prompt}` };
  if (isApproval) {
    const shown = calls.map((call) => ({ level: 1, text: `${call.name} ${call.arguments}` }));
    const allow = { level: 1, text: "✓ Allow", command: answer("--allow") };
    return [asked, ...shown, allow, { level: 1, text: "✗ Deny", command: answer("--deny") }];
  }
  const chosen = choices.map((text, index) => ({ level: 1, text, command: answer(`--choice=${index + 1}`) }));
  const typed = { level: 1, text: "Answer in a terminal …", command: answer(), inTerminal: true };
  return [asked, ...chosen, ...(choices.length === 0 || allowFreeText ? [typed] : [])];
}

function stateItems({ counts }: Facts, client: GatewayClient, { commandOf }: MenuOptions): MenuItem[] {
  const paused = counts.paused > 0 ? `, ${counts.paused} paused` : "";
  return [
    { text: `${counts.running} running, ${counts.waiting} waiting${paused}` },
    { text: client.baseUrl },
    { text: "Open the terminal client", command: commandOf("tui"), inTerminal: true },
  ];
}

function steerItems({ counts, questions, bundles }: Facts, { commandOf }: MenuOptions): MenuItem[] {
  // A question stays open through a pause, so a run that asks is none to pause.
  const live = counts.running + counts.waiting - counts.paused - questions.length > 0;
  const start = (bundle: BundleItem) => {
    const flow =
      bundle.entrypoints.find(({ flow_id }) => flow_id === bundle.default_entrypoint) ?? bundle.entrypoints[0];
    const text = flow?.description ? `${bundle.bundle_id}: ${flow.description}` : bundle.bundle_id;
    return { level: 1, text, command: commandOf("run", bundle.bundle_id), inTerminal: true };
  };
  return [
    ...(bundles.length > 0 ? [{ text: "Start" }, ...bundles.slice(0, maxBundles).map(start)] : []),
    ...(live ? [{ text: "Pause all", command: commandOf("menubar", "pause-all") }] : []),
    ...(counts.paused > 0 ? [{ text: "Resume all", command: commandOf("menubar", "resume-all") }] : []),
    { text: "Ask again", refresh: true },
  ];
}

function away(error: unknown, { serve }: MenuOptions): MenuItem[][] {
  const isAway = error instanceof SdkError && error.status === null;
  const start = serve === null || !isAway ? [] : [{ text: "Start the gateway", command: serve, inTerminal: true }];
  return [
    [{ text: isAway ? "◇ away" : "◇ !" }],
    [{ text: messageOf(error) }, ...start, { text: "Ask again", refresh: true }],
  ];
}
