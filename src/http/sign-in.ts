import type { Accounts } from "#auth/accounts.ts";
import { cookieValue, setCookie } from "#auth/cookies.ts";
import type { Lockout } from "#auth/lockout.ts";
import type { NewSession } from "#auth/sessions.ts";
import type { UserSettings } from "#config/settings.ts";
import { AppError } from "#core/errors.ts";
import type { Clock } from "#core/time.ts";

export interface Attempt {
  userId: string;
  token: string;
  remember: boolean;
  address: string;
}

export type SignIn = (request: Request, attempt: Attempt) => NewSession;

/**
 * Signs a browser in. Wrong tokens hold back the pair of address and user: behind the server of a web client everybody has one address,
 * and one person's mistakes must not shut out the others. AppErrors `unauthorized`, `too_many_requests`.
 */
export function createSignIn(options: {
  accounts: Accounts;
  names: UserSettings["session"];
  lockout: Lockout;
  now: Clock;
}): SignIn {
  const { accounts, names, lockout, now } = options;
  return (request, { userId, token, remember, address }) => {
    const key = `${address} ${userId.toLowerCase()}`;
    const waitS = lockout.retryAfterS(key, now());
    if (waitS > 0) {
      throw new AppError("too_many_requests", "Too Many Requests (auth lockout)", { retryAfterS: waitS });
    }
    try {
      const session = accounts.sessions.open({ userId, token, remember, previous: sessionValue(request, names) });
      lockout.succeed(key);
      return session;
    } catch (error) {
      if (error instanceof AppError && error.code === "unauthorized") lockout.fail(key, now());
      throw error;
    }
  };
}

function sessionValue(request: Request, names: UserSettings["session"]): string | null {
  return request.headers.get(names.header) ?? cookieValue(request.headers.get("cookie"), names.cookie);
}

/** The two cookies of a session. Only the id is hidden from the page's scripts: they send the other one back. */
export function sessionCookies(
  request: Request,
  names: UserSettings["session"],
  session: NewSession,
  remember: boolean,
) {
  const maxAgeS = remember ? session.ttlS : null;
  const isSecure = isHttps(request);
  return [
    setCookie(names.cookie, session.value, { maxAgeS, isSecure, isHttpOnly: true }),
    setCookie(names.csrfCookie, session.csrf, { maxAgeS, isSecure, isHttpOnly: false }),
  ];
}

export function clearedCookies(request: Request, names: UserSettings["session"]): string[] {
  const isSecure = isHttps(request);
  return [
    setCookie(names.cookie, "", { maxAgeS: 0, isSecure, isHttpOnly: true }),
    setCookie(names.csrfCookie, "", { maxAgeS: 0, isSecure, isHttpOnly: false }),
  ];
}

/** Whether the browser came by https, as the proxy in front says. Only the caller's own cookies depend on it. */
function isHttps(request: Request): boolean {
  const forwarded = request.headers.get("x-forwarded-proto")?.split(",", 1)[0]?.trim().toLowerCase();
  return (forwarded ?? new URL(request.url).protocol.replace(":", "")) === "https";
}
