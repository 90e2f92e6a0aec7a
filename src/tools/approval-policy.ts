import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { ToolRegistry } from "#tools/tool.ts";

/** Tools that change nothing; those that another executor brings are named too, as clients show this list. */
const autoApproved = [
  "list_files",
  "skim_folders",
  "analyze_code",
  "read_file",
  "skim_files",
  "search_files",
  "web_search",
  "skim_websearch",
  "skim_url",
  "fetch_url",
  "send_telegram_message",
  "send_telegram_artifact",
];

const approvalRequired = ["write_file", "edit_file", "execute_command", "send_email", "send_whatsapp_message"];

/** `approval` asks for what is not harmless; `local` runs everything. */
export type ApprovalMode = "approval" | "local";

/** Names as a wait shows them (contract flow-runtime 4.6). */
export interface ApprovalPolicy {
  auto_approve_tools: string[];
  require_approval_tools: string[];
}

export interface ApprovalPolicyOptions {
  tools: ToolRegistry;
  /** The client's own lists, `_runtime.tool_policy` of a run. Each replaces the list it names, and its names leave the other. */
  overrides?: Value | undefined;
}

/** The lists of the contract and what the tools say of themselves. */
export function approvalPolicy({ tools, overrides }: ApprovalPolicyOptions): ApprovalPolicy {
  const known = tools.list();
  const own = (approval: "auto" | "required", named: string[]) =>
    known.filter((tool) => tool.approval === approval && !named.includes(tool.name)).map(({ name }) => name);
  const chosen: JsonObject = isObject(overrides) ? overrides : {};
  const auto = names(chosen["auto_approve_tools"]);
  const required = names(chosen["require_approval_tools"]);
  const ownRequired = [...approvalRequired, ...own("required", approvalRequired)];
  const ownAuto = [...autoApproved, ...own("auto", autoApproved)].filter((name) => !ownRequired.includes(name));
  return {
    auto_approve_tools: auto ?? without(ownAuto, required),
    require_approval_tools: required ?? without(ownRequired, auto),
  };
}

/** Whether a batch runs at once: every name approved, none that requires consent. A name on both lists requires it; an unknown one too. */
export function runsAtOnce(calls: readonly string[], mode: ApprovalMode, policy: ApprovalPolicy): boolean {
  if (mode === "local") return true;
  return calls.every(
    (name) => policy.auto_approve_tools.includes(name) && !policy.require_approval_tools.includes(name),
  );
}

function without(list: string[], others: string[] | null): string[] {
  return list.filter((name) => !others?.includes(name));
}

function names(value: Value | undefined): string[] | null {
  if (!Array.isArray(value)) return null;
  return value.flatMap((each) => (typeof each === "string" && each.trim() !== "" ? [each.trim()] : []));
}
