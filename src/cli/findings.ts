import type { Finding } from "#app/doctor/finding.ts";
import type { CliContext } from "#cli/context.ts";
import { exitCodeOfFindings } from "#cli/exit-codes.ts";
import { paintFor, print, printJson } from "#cli/terminal.ts";
import { plain } from "#core/plain-text.ts";

/** Prints findings as they come, and sets the exit code when one of them must be mended. */
export async function showFindings(
  context: CliContext,
  findings: AsyncIterable<Finding>,
  { json }: { json: boolean },
): Promise<void> {
  const all: Finding[] = [];
  for await (const finding of findings) {
    all.push(finding);
    if (!json) show(context, finding);
  }
  if (all.some(({ level }) => level === "fail")) context.exitCode = exitCodeOfFindings;
  if (json) printJson(context, all);
  else print(context, summary(all));
}

const marks = { ok: ["green", "ok  "], warn: ["yellow", "warn"], fail: ["red", "FAIL"] } as const;

function show(context: CliContext, { name, level, message, fix }: Finding): void {
  const paint = paintFor(context, context.stdout);
  const [style, mark] = marks[level];
  print(context, `${paint(style, mark)}  ${name}: ${plain(message)}`);
  if (fix !== null) print(context, `      ${paint("dim", `→ ${fix}`)}`);
}

function summary(findings: Finding[]): string {
  const count = (level: Finding["level"]) => findings.filter((finding) => finding.level === level).length;
  const failed = count("fail");
  const warned = count("warn");
  if (failed + warned === 0) return "Everything is as it should be.";
  return `${failed} to mend, ${warned} to know.`;
}
