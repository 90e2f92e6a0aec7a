import type { Variable } from "#config/variable.ts";
import { variableGroups } from "#config/variables/groups.ts";

/** README's reference of all variables, in Markdown; one table a group. */
export function settingsTable(): string {
  return variableGroups
    .map(({ title, variables }) => {
      const head = ["| variable | default | allowed | meaning |", "|---|---|---|---|"];
      return [`### ${title}`, "", ...head, ...variables.map(row)].join("\n");
    })
    .join("\n\n");
}

/** Old names that every variable has are left out: one sentence says so. */
function row({ names, shown, meaning }: Variable<unknown>): string {
  const named = names.filter((name) => !name.startsWith("ABSTRACTFLOW_GATEWAY_")).map((name) => `\`${name}\``);
  const preset = shown.preset === "" ? "–" : `\`${inUnits(names[0] ?? "", shown.preset)}\``;
  return `| ${named.join(", ")} | ${preset} | ${inUnits(names[0] ?? "", shown.allowed)} | ${meaning} |`;
}

/** Nobody reads 26214400. */
function inUnits(name: string, text: string): string {
  const bytes = Number(text);
  if (!name.endsWith("_BYTES") || !(bytes >= 1024)) return text;
  return bytes % 2 ** 20 === 0 ? `${text} (${bytes / 2 ** 20} MiB)` : `${text} (${bytes / 1024} KiB)`;
}
