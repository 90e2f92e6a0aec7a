const key = "gateway.token";

/** A bearer token: kept until the tab is closed, or on this device when that was asked for. */
export function keptToken(): string | null {
  return sessionStorage.getItem(key) ?? localStorage.getItem(key);
}

export function keepToken(token: string, options: { remember: boolean }): void {
  forgetToken();
  (options.remember ? localStorage : sessionStorage).setItem(key, token);
}

export function forgetToken(): void {
  sessionStorage.removeItem(key);
  localStorage.removeItem(key);
}

/** The secret of a browser session that a write sends back; only this page's scripts can read it. */
export function csrfSecret(cookie: string): string | null {
  for (const part of document.cookie.split("; ")) {
    if (part.startsWith(`${cookie}=`)) return decodeURIComponent(part.slice(cookie.length + 1));
  }
  return null;
}
