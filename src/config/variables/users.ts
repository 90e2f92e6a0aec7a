import { choice, flag, gateway, number, text, variable } from "#config/variable.ts";

const day = 86_400;

/** More than one user, and their sign-in. */
export const users = {
  userAuth: variable<boolean | null>([...gateway("USER_AUTH"), ...gateway("MULTI_USER")], {
    preset: null,
    shown: "0",
    allowed: "true, false",
    meaning: "Several users, each with a runtime of their own",
    parse: (value, name) => flag([name], { preset: false, meaning: "" }).parse(value, name),
  }),
  authMode: choice<"users" | "legacy" | "">(gateway("AUTH_MODE"), {
    preset: "",
    allowed: ["users", "legacy"],
    aliases: {
      user: "users",
      "multi-user": "users",
      multi_user: "users",
      hosted: "users",
      single: "legacy",
      "single-user": "legacy",
      single_user: "legacy",
      local: "legacy",
    },
    meaning: "The same in a word, where `USER_AUTH` is not set",
  }),
  userAuthAuto: flag(gateway("USER_AUTH_AUTO"), {
    preset: false,
    meaning: "Several users as soon as the file of users is there, where neither of the two is set",
  }),
  usersFile: text(gateway("USERS_FILE"), {
    shown: "<data>/auth/users.sqlite3",
    meaning: "Users, digests of their tokens, and browser sessions",
  }),
  adminUsesDefaultRuntime: flag(gateway("ADMIN_USES_DEFAULT_RUNTIME"), {
    preset: true,
    meaning: "The user `admin` has the runs and bundles of the time when there was one user",
  }),
  mayExecute: flag(gateway("USERS_MAY_EXECUTE"), {
    preset: false,
    meaning: "Runs of every user may use `execute_command`: a shell reaches the files of everybody",
  }),
  bootstrapAdmin: flag([...gateway("BOOTSTRAP_ADMIN"), ...gateway("AUTO_BOOTSTRAP_ADMIN")], {
    preset: true,
    meaning: "`serve` makes the user `admin` when there is no administrator",
  }),
  bootstrapToken: text(gateway("BOOTSTRAP_ADMIN_TOKEN"), {
    isSecret: true,
    shown: "a new one",
    meaning: "Token of that user",
  }),
  bootstrapTokenFile: text(gateway("BOOTSTRAP_ADMIN_TOKEN_FILE"), {
    shown: "<data>/auth/bootstrap-admin-token",
    meaning: "File that the token is written to, for its owner only",
  }),
  bootstrapPrintsToken: flag(gateway("BOOTSTRAP_PRINT_TOKEN"), {
    preset: false,
    meaning: "Print the new token once",
  }),
  sessionTtlS: number(gateway("SESSION_TTL_S"), {
    preset: 28_800,
    min: 60,
    max: 7 * day,
    meaning: "A browser session ends so many seconds after the sign-in",
  }),
  sessionIdleS: number(gateway("SESSION_IDLE_S"), {
    preset: 7200,
    min: 60,
    max: 7 * day,
    meaning: "And after so many seconds without a request",
  }),
  rememberTtlS: number(gateway("REMEMBER_SESSION_TTL_S"), {
    preset: 30 * day,
    min: 60,
    max: 90 * day,
    meaning: "End of a session that is to be remembered",
  }),
  rememberIdleS: number(gateway("REMEMBER_SESSION_IDLE_S"), {
    preset: 7 * day,
    min: 60,
    max: 90 * day,
    meaning: "End of one without requests",
  }),
  maxSessions: number(gateway("MAX_SESSIONS"), {
    preset: 1000,
    min: 10,
    max: 10_000,
    meaning: "Browser sessions at the same time; the oldest makes room",
  }),
  sessionCookie: text(gateway("SESSION_COOKIE"), { shown: "abstractgateway_session", meaning: "Name of the cookie" }),
  csrfCookie: text(gateway("CSRF_COOKIE"), {
    shown: "abstractgateway_csrf",
    meaning: "Name of the cookie with the secret that writes send back",
  }),
  sessionHeader: text(gateway("SESSION_HEADER"), {
    shown: "x-abstractgateway-session",
    meaning: "Header that stands for the cookie",
  }),
  csrfHeader: text(gateway("CSRF_HEADER"), {
    shown: "x-abstractgateway-csrf",
    meaning: "Header in which writes send the secret back",
  }),
};
