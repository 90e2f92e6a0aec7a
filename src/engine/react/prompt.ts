import { type JsonObject, isObject } from "#core/value.ts";

export interface PromptState {
  iteration: number;
  maxIterations: number;
  hasTools: boolean;
}

/** What every agent is told, whatever its task; the node's own system text follows it. */
export function agentPrompt(vars: JsonObject, { iteration, maxIterations, hasTools }: PromptState): string {
  const runtime = isObject(vars["_runtime"]) ? vars["_runtime"] : {};
  const own = typeof runtime["system_prompt_extra"] === "string" ? runtime["system_prompt_extra"].trim() : "";
  const parts = [
    "You are an agent that works on a task until it is done, then answers. The answer is for the person who gave the task: complete, and in the task's language.",
  ];
  if (hasTools) {
    parts.push(
      `Use the tools that you are given when you need facts or have to act. Each turn either calls tools or is the final answer. You see what every call came to before your next turn. A call that failed is told with the reason: change something before you try again. This is turn ${iteration} of ${maxIterations}.`,
      ...workspaceText(vars),
    );
  } else if (iteration > 1) {
    parts.push(
      "There are no turns left for tools. Give the final answer now, from what you know, and say plainly what is missing.",
    );
  }
  if (own) parts.push(own);
  return parts.join("\n\n");
}

function workspaceText(vars: JsonObject): string[] {
  const root = vars["workspace_root"];
  if (typeof root !== "string" || root === "") return [];
  const mode = vars["workspace_access_mode"];
  const beyond =
    mode === "workspace_or_allowed"
      ? " Folders that were allowed besides are reached by their mount names."
      : mode === "all_except_ignored"
        ? " Other folders of the machine are reached by absolute paths, except the ignored ones."
        : " Nothing outside it can be reached.";
  return [`Paths of files are relative to the workspace folder.${beyond}`];
}
