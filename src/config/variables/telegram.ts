import { address, choice, flag, list, number, text } from "#config/variable.ts";

const named = (name: string) => [`ABSTRACT_TELEGRAM_${name}`];
const policies = ["allowlist", "open", "disabled"] as const;

/** The Telegram bridge. */
export const telegram = {
  bridge: flag(named("BRIDGE"), { preset: false, meaning: "`serve` runs the Telegram bridge" }),
  botToken: text(named("BOT_TOKEN"), { isSecret: true, meaning: "Token of the bot, from @BotFather" }),
  transport: choice(named("TRANSPORT"), {
    preset: "bot_api",
    allowed: ["bot_api"],
    meaning: "How Telegram is reached; TDLib is not in this build",
  }),
  apiRoot: address(named("API_ROOT"), {
    preset: "https://api.telegram.org",
    meaning: "Address of the Bot API, for a Bot API server of your own",
  }),
  allowedUsers: list(named("ALLOWED_USERS"), {
    preset: [],
    meaning: "Who may write to the bot: numbers (`/whoami` tells yours), or names with @",
  }),
  adminUsers: list(named("ADMIN_USERS"), {
    preset: [],
    shown: "the only allowed user",
    meaning: "Who may write, and is asked what runs ask that began elsewhere; the first number",
  }),
  dmPolicy: choice(named("DM_POLICY"), {
    preset: "allowlist",
    allowed: policies,
    meaning: "Private chats; `open`: with everybody",
  }),
  groupPolicy: choice(named("GROUP_POLICY"), { preset: "disabled", allowed: policies, meaning: "Chats in groups" }),
  allowedChats: list(named("ALLOWED_CHATS"), { preset: [], meaning: "Numbers of the groups, with `allowlist`" }),
  groupAllowedUsers: list(named("GROUP_ALLOWED_USERS"), {
    preset: [],
    shown: "the allowed users",
    meaning: "Who may talk to the bot in groups",
  }),
  requiresMention: flag(named("REQUIRE_MENTION_IN_GROUPS"), {
    preset: true,
    meaning: "In groups the bot listens only to who names it or replies to it",
  }),
  bundleId: text(named("BUNDLE_ID"), {
    shown: "agent",
    meaning: "Bundle that works on messages; it gets them as `prompt`",
  }),
  flowId: text([...named("FLOW_ID"), ...named("DEFAULT_FLOW_ID")], {
    shown: "its default",
    meaning: "Flow of the bundle",
  }),
  provider: text(named("PROVIDER"), { meaning: "Provider of the runs" }),
  model: text(named("MODEL"), { meaning: "Model of the runs" }),
  sessionPrefix: text(named("SESSION_PREFIX"), { shown: "telegram:", meaning: "Begins the names of sessions" }),
  maxHistoryMessages: number(named("MAX_HISTORY_MESSAGES"), {
    preset: 30,
    min: 0,
    max: 200,
    meaning: "Messages of the conversation that a run is told",
  }),
  storesMedia: flag(named("STORE_MEDIA"), { preset: true, meaning: "Files and voice messages go along" }),
  resetMessage: text(named("RESET_MESSAGE"), {
    shown: "A new session begins.",
    meaning: "Answer to `/new` and `/reset`",
  }),
  statePath: text(named("STATE_PATH"), {
    shown: "<data>/telegram_bridge_state.json",
    meaning: "File of what was read and what is open",
  }),
  gatewayToken: text(named("GATEWAY_TOKEN"), {
    isSecret: true,
    shown: "the gateway's",
    meaning: "Token of the user whom the bridge acts for; needed with several users",
  }),
  pollTimeoutS: number(named("POLL_TIMEOUT_S"), {
    preset: 25,
    min: 0,
    max: 50,
    meaning: "How long Telegram may wait for a message before it answers that there is none",
  }),
  webhookUrl: address(named("WEBHOOK_URL"), {
    preset: null,
    meaning: "Public https address that Telegram calls, instead of being asked",
  }),
  webhookHost: text(named("WEBHOOK_HOST"), { shown: "127.0.0.1", meaning: "Where the bridge listens for it" }),
  webhookPort: number(named("WEBHOOK_PORT"), { preset: 8443, min: 1, max: 65_535, meaning: "And its port" }),
  webhookSecret: text(named("WEBHOOK_SECRET"), {
    isSecret: true,
    meaning: "16 to 256 letters and digits that Telegram sends with each call; needed with an address",
  }),
  typingIntervalS: number(named("TYPING_INTERVAL_S"), {
    preset: 4,
    min: 0,
    max: 60,
    whole: false,
    meaning: "How often the bot shows that it writes; 0: never",
  }),
  typingMaxS: number(named("TYPING_MAX_S"), { preset: 600, min: 0, max: 86_400, meaning: "And for how long at most" }),
  questionsS: number(named("QUESTIONS_S"), {
    preset: 3,
    min: 0.05,
    max: 3600,
    whole: false,
    meaning: "How often open questions are looked for, beside those of the bot's own runs, which are asked at once",
  }),
  retryFirstS: number(named("RETRY_FIRST_S"), {
    preset: 1,
    min: 0.01,
    max: 3600,
    whole: false,
    meaning: "First pause when Telegram or the gateway is away",
  }),
  retryLongestS: number(named("RETRY_LONGEST_S"), {
    preset: 60,
    min: 0.01,
    max: 3600,
    whole: false,
    meaning: "Longest pause",
  }),
};
