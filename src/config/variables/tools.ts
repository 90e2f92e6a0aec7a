import { isAbsolute } from "node:path";
import { AppError } from "#core/errors.ts";
import { address, choice, flag, gateway, list, number, text, variable } from "#config/variable.ts";

/** What tools and code nodes of runs may do. */
export const tools = {
  comms: flag(["ABSTRACT_ENABLE_COMMS_TOOLS"], {
    preset: false,
    meaning: "Runs may send mail and Telegram messages, with the gateway's account and bot",
  }),
  commsEmail: flag(["ABSTRACT_ENABLE_EMAIL_TOOLS"], {
    preset: false,
    meaning: "Mail only: `send_email`, which asks first",
  }),
  commsTelegram: flag(["ABSTRACT_ENABLE_TELEGRAM_TOOLS"], {
    preset: false,
    meaning: "Telegram only: `send_telegram_message` and `send_telegram_artifact`, to the allowed users and chats",
  }),
  workspaceDir: text(gateway("WORKSPACE_DIR"), { meaning: "A folder that runs may use besides their own" }),
  workspaceMounts: variable<{ name: string; path: string }[]>(gateway("WORKSPACE_MOUNTS"), {
    preset: [],
    allowed: "a `name=/absolute/path` on each line",
    meaning: "Further folders, by name",
    parse: readMounts,
  }),
  allowsClientScope: flag([...gateway("ALLOW_CLIENT_WORKSPACE_SCOPE"), ...gateway("TRUST_CLIENT_WORKSPACE_SCOPE")], {
    preset: false,
    meaning: "Whoever starts a run may name other folders",
  }),
  fileIndexTtlS: number(gateway("FILE_INDEX_TTL_S"), {
    preset: 30,
    min: 1,
    max: 86_400,
    meaning: "Seconds for which a search for files by name uses what it has seen",
  }),
  fileIndexMaxFiles: number(gateway("FILE_INDEX_MAX_FILES"), {
    preset: 50_000,
    min: 1000,
    max: 1_000_000,
    meaning: "Files that such a search looks at",
  }),
  mcpConfig: text(gateway("MCP_CONFIG"), { shown: "<data>/mcp.json", meaning: "File of MCP servers" }),
  allowedHosts: list(gateway("ALLOWED_HOSTS"), {
    preset: [],
    meaning: "Hosts inside the network that web tools may reach: `host`, `host:port` or `*.domain`; no others there",
  }),
  searchProvider: choice(gateway("SEARCH_PROVIDER"), {
    preset: "duckduckgo",
    allowed: ["duckduckgo", "searxng", "brave"],
    meaning: "Who searches the web",
  }),
  searchUrl: address(gateway("SEARCH_URL"), { preset: null, meaning: "Address of SearXNG" }),
  searchApiKey: text(gateway("SEARCH_API_KEY"), { isSecret: true, meaning: "Key of Brave Search" }),
  codeFullAccess: flag(["ABSTRACTRUNTIME_CODE_FULL_ACCESS"], {
    preset: false,
    meaning: "Code nodes may ask for `full_access`: all of Python's own library, behind the same walls",
  }),
};

function readMounts(value: string, variableName: string): { name: string; path: string }[] {
  return value
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const [name = "", ...rest] = line.split("=");
      const path = rest.join("=").trim();
      if (!name.trim() || !isAbsolute(path)) {
        throw new AppError("invalid_request", `${variableName}: '${line}' is not name=/absolute/path`);
      }
      return { name: name.trim(), path };
    });
}
