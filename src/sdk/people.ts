import type {
  AuditTail,
  CreatePersonalToken,
  CreateUser,
  CreatedPersonalToken,
  Me,
  PersonalTokenList,
  SignInReply,
  SignInRequest,
  UpdateUser,
  UserList,
  UserReply,
} from "#http/schemas/people.ts";
import { base } from "#sdk/paths.ts";
import { type Send, readPlainJson } from "#sdk/transport.ts";

export type Who = (typeof Me)["static"];
export type User = (typeof UserList)["static"]["users"][number];
export type PersonalToken = (typeof PersonalTokenList)["static"]["tokens"][number];

/** Sign-in, tokens of one's own, and the users of the gateway. */
export interface PeopleCalls {
  me(): Promise<Who>;
  /** The session comes as cookies, which only a browser keeps. */
  signIn(body: (typeof SignInRequest)["static"]): Promise<(typeof SignInReply)["static"]>;
  signOut(): Promise<void>;
  tokens(): Promise<PersonalToken[]>;
  /** The token itself is in this answer and nowhere else. */
  createToken(body: (typeof CreatePersonalToken)["static"]): Promise<(typeof CreatedPersonalToken)["static"]>;
  removeToken(tokenId: string): Promise<void>;
  users(): Promise<User[]>;
  /** With the user's token, once. */
  createUser(body: Partial<(typeof CreateUser)["static"]> & { user_id: string }): Promise<(typeof UserReply)["static"]>;
  updateUser(
    user: Pick<User, "user_id" | "tenant_id">,
    changes: Partial<(typeof UpdateUser)["static"]>,
  ): Promise<(typeof UserReply)["static"]>;
  removeUser(user: Pick<User, "user_id" | "tenant_id">): Promise<void>;
  auditTail(maxBytes: number): Promise<(typeof AuditTail)["static"]>;
}

export function peopleCalls(send: Send): PeopleCalls {
  const post = async <T>(path: string, json: unknown): Promise<T> =>
    readPlainJson(await send(`${base}${path}`, { method: "POST", json }));
  const remove = async (path: string, query = {}) => {
    await readPlainJson(await send(`${base}${path}`, { method: "DELETE", query }));
  };
  const userPath = (userId: string) => `/admin/users/${encodeURIComponent(userId)}`;
  return {
    me: async () => readPlainJson(await send(`${base}/me`)),
    signIn: (body) => post("/session/login", body),
    signOut: () => post("/session/logout", {}),
    tokens: async () =>
      (await readPlainJson<(typeof PersonalTokenList)["static"]>(await send(`${base}/me/tokens`))).tokens,
    createToken: (body) => post("/me/tokens", body),
    removeToken: (tokenId) => remove(`/me/tokens/${encodeURIComponent(tokenId)}`),
    users: async () => (await readPlainJson<(typeof UserList)["static"]>(await send(`${base}/admin/users`))).users,
    createUser: (body) => post("/admin/users", body),
    updateUser: async ({ user_id, tenant_id }, json) =>
      readPlainJson(await send(`${base}${userPath(user_id)}`, { method: "PATCH", query: { tenant_id }, json })),
    removeUser: ({ user_id, tenant_id }) => remove(userPath(user_id), { tenant_id }),
    auditTail: async (maxBytes) => readPlainJson(await send(`${base}/audit/tail`, { query: { max_bytes: maxBytes } })),
  };
}
