/** What the server wrote into the page's head. */
export interface GatewayFacts {
  signIn: "users" | "token" | "open";
  csrfCookie: string;
  csrfHeader: string;
  version: string;
}

export function gatewayFacts(): GatewayFacts {
  const read = (name: string) => document.querySelector<HTMLMetaElement>(`meta[name="gateway-${name}"]`)?.content ?? "";
  const signIn = read("sign-in");
  return {
    signIn: signIn === "users" || signIn === "open" ? signIn : "token",
    csrfCookie: read("csrf-cookie"),
    csrfHeader: read("csrf-header"),
    version: read("version"),
  };
}

/** The gateway's address: what lies above the page, with the prefix of a proxy. */
export function gatewayAddress(): string {
  return new URL(".", document.baseURI).href;
}
