import type { CommandDef } from "citty";
import type { Finding } from "#app/doctor/finding.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { exitCodeOfFindings } from "#cli/exit-codes.ts";
import { configurationFor, settingsArgs } from "#cli/settings.ts";
import { paintFor, print, printJson } from "#cli/terminal.ts";
import { plain } from "#core/plain-text.ts";

export function doctorCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "doctor", description: "Look for what is wrong with this installation, and say how to mend it" },
    args: { json: { type: "boolean", description: "Print JSON" }, ...settingsArgs },
    run: async ({ args }) => {
      const { settings, warnings } = configurationFor(context, args);
      const { examine } = await import("#app/doctor/doctor.ts");
      const findings: Finding[] = [];
      for await (const finding of examine({ settings, warnings, env: context.env, nowMs: Date.now() })) {
        findings.push(finding);
        if (!args.json) show(context, finding);
      }
      if (findings.some(({ level }) => level === "fail")) context.exitCode = exitCodeOfFindings;
      if (args.json) return printJson(context, findings);
      print(context, summary(findings));
    },
  });
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
