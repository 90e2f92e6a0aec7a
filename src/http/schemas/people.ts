import { type Static, Type as t } from "@sinclair/typebox";
import { flag, nullable, text, time } from "#http/schemas/fields.ts";

const PrincipalJson = t.Object(
  {
    user_id: text("Who it is."),
    tenant_id: text("To which tenant they belong."),
    roles: t.Array(t.String(), { description: "`admin`, `user`." }),
    scopes: t.Array(t.String(), { description: "Of a personal access token: what it may do." }),
    token_fingerprint: text("First 12 hex digits of the credential's SHA-256."),
    runtime_id: text("The runtime whose runs they see."),
    source: text("How they were recognised, such as `user-registry` or `legacy-token`."),
    admin: flag("Whether they have the role `admin`."),
  },
  { $id: "Principal", description: "A caller." },
);

const auth = {
  mode: text("`users` or `legacy-token`."),
  user_auth_enabled: flag("Whether there are several users."),
};
const Routing = t.Object({
  mode: text("`per-principal` or `single-user`."),
  one_user_one_runtime: flag("Whether each user has a runtime."),
});

export const Me = t.Object(
  { ok: flag("Always true."), principal: PrincipalJson, auth: t.Object(auth), routing: Routing },
  { $id: "Me", description: "The caller, as the gateway knows it." },
);

export const SignInRequest = t.Object(
  {
    user_id: t.String({ minLength: 1, maxLength: 80, description: "The user." }),
    token: t.String({ minLength: 1, maxLength: 512, description: "The user's own token; no other kind." }),
    remember: t.Boolean({ default: false, description: "Stay signed in when the browser is closed." }),
  },
  { $id: "SignIn", additionalProperties: false, description: "Who signs in." },
);

export const SignInReply = t.Object(
  {
    ok: flag("Always true."),
    principal: PrincipalJson,
    auth: t.Object({ ...auth, session: text("`gateway-browser-session`.") }),
    routing: Routing,
    session: t.Object({ expires_at: time("When it ends at the latest.") }),
  },
  { $id: "SignInReply", description: "The session's id and its CSRF secret come as cookies and nowhere else." },
);

export const SignOutReply = t.Object(
  { ok: flag("Always true."), deleted: flag("Whether there was a session.") },
  { $id: "SignOutReply", description: "The session has ended." },
);

const PersonalTokenJson = t.Object(
  {
    token_id: text("Id of the token."),
    name: text("What it is for."),
    scopes: t.Array(t.String(), { description: "What it may do." }),
    fingerprint: text("First 12 hex digits of its SHA-256."),
    created_at: time("When it was made."),
    expires_at: time("When it ends."),
    last_used_at: nullable(t.String({ format: "date-time" }), "When it was last used, to a minute."),
  },
  { $id: "PersonalToken", description: "A personal access token, without its secret." },
);

export const PersonalTokenList = t.Object(
  { tokens: t.Array(PersonalTokenJson, { description: "The oldest first." }) },
  { $id: "PersonalTokens", description: "The caller's personal access tokens." },
);

export const CreatePersonalToken = t.Object(
  {
    name: t.String({ minLength: 1, maxLength: 120, description: "What it is for." }),
    scopes: t.Array(t.String(), { maxItems: 20, description: "What it may do, such as `runs:read`." }),
    expires_in_s: t.Integer({
      minimum: 60,
      maximum: 31_622_400,
      default: 7_776_000,
      description: "How long, seconds.",
    }),
  },
  { $id: "CreatePersonalToken", additionalProperties: false, description: "A token to make." },
);

export const CreatedPersonalToken = t.Object(
  { ok: flag("Always true."), token: text("The secret; told only now."), record: PersonalTokenJson },
  { $id: "CreatedPersonalToken", description: "The new token." },
);

export const Removed = t.Object(
  { ok: flag("Always true."), deleted: flag("Always true.") },
  { $id: "Removed", description: "It is gone." },
);

const UserJson = t.Object(
  {
    user_id: text("Name of the user."),
    tenant_id: text("Tenant."),
    email: text("Address, or empty."),
    roles: t.Array(t.String(), { description: "`admin`, `user`." }),
    scopes: t.Array(t.String(), { description: "Shown only." }),
    enabled: flag("Whether they get in."),
    runtime_id: text("Their runtime."),
    created_at: time("When the user was made."),
    updated_at: time("When the user was changed."),
  },
  { $id: "User", description: "A user." },
);

export const UserList = t.Object(
  { users: t.Array(UserJson, { description: "By tenant and name." }) },
  { $id: "Users", description: "All users." },
);
export const UserReply = t.Object(
  { user: UserJson, token: t.Optional(text("The user's new token; told only now.")) },
  { $id: "UserReply", description: "The user." },
);

const names = (description: string) => t.Array(t.String({ maxLength: 80 }), { maxItems: 50, description });

export const CreateUser = t.Object(
  {
    user_id: t.String({ minLength: 1, maxLength: 80, description: "Name of the user." }),
    tenant_id: t.String({ default: "default", maxLength: 80, description: "Tenant." }),
    email: t.String({ default: "", maxLength: 254, description: "Address." }),
    roles: t.Array(t.String({ maxLength: 80 }), { maxItems: 50, default: ["user"], description: "`admin`, `user`." }),
    scopes: t.Array(t.String({ maxLength: 80 }), { maxItems: 50, default: [], description: "Shown only." }),
    enabled: t.Boolean({ default: true, description: "Whether they get in." }),
    runtime_id: t.Optional(nullable(t.String({ maxLength: 80 }), "Their runtime; the user's name when absent.")),
    token: t.Optional(nullable(t.String({ maxLength: 512 }), "Their token; a new one when absent.")),
  },
  { $id: "CreateUser", additionalProperties: false, description: "A user to make." },
);
export type CreateUser = Static<typeof CreateUser>;

export const UpdateUser = t.Object(
  {
    email: t.Optional(nullable(t.String({ maxLength: 254 }), "Address.")),
    roles: t.Optional(nullable(names("Roles."))),
    scopes: t.Optional(nullable(names("Shown only."))),
    enabled: t.Optional(nullable(t.Boolean(), "Whether they get in.")),
    runtime_id: t.Optional(nullable(t.String({ maxLength: 80 }), "Another runtime; the old one is kept, reserved.")),
    token: t.Optional(nullable(t.String({ maxLength: 512 }), "Their new token.")),
    rotate_token: t.Boolean({ default: false, description: "Make a new token; the old one and its sessions end." }),
  },
  { $id: "UpdateUser", additionalProperties: false, description: "What to change." },
);
export type UpdateUser = Static<typeof UpdateUser>;

export const TenantQuery = t.Object({
  tenant_id: t.String({ default: "default", description: "Tenant of the user." }),
});

export const RemovedUser = t.Object(
  { ok: flag("Always true."), deleted: flag("Always true."), user_id: text("Who it was."), tenant_id: text("Tenant.") },
  { $id: "RemovedUser", description: "The user is gone; the runtime is kept, reserved." },
);

const ReservationJson = t.Object(
  {
    tenant_id: text("Tenant."),
    runtime_id: text("The runtime."),
    owner_key: text("Whose it was, `tenant/user`."),
    owner_user_id: text("Whose it was."),
    reason: text("`deleted-user`, `runtime-reassigned`, `runtime-transferred` or `purging`."),
    created_at: time("Since when."),
    updated_at: time("Last change."),
    data_exists: flag("Whether something of it is there."),
    data_path: text("Its folder, below the data folder."),
  },
  { $id: "RuntimeReservation", description: "A runtime without an owner." },
);

export const ReservationList = t.Object(
  { runtime_reservations: t.Array(ReservationJson, { description: "By tenant and name." }) },
  { $id: "RuntimeReservations", description: "Runtimes without an owner." },
);

const runtime = {
  tenant_id: t.String({ default: "default", maxLength: 80, description: "Tenant of the runtime." }),
  confirm_runtime_id: t.String({ maxLength: 80, description: "The runtime again, so that it is meant." }),
};

export const TransferRuntime = t.Object(
  { ...runtime, target_user_id: t.String({ minLength: 1, maxLength: 80, description: "Who gets it." }) },
  { $id: "TransferRuntime", additionalProperties: false, description: "Who gets the runtime." },
);
export const TransferredRuntime = t.Object(
  {
    ok: flag("Always true."),
    transferred: flag("Always true."),
    user: UserJson,
    reservation: ReservationJson,
    previous_runtime_id: text("What the user had before; reserved now."),
  },
  { $id: "TransferredRuntime", description: "Who has it now." },
);

export const PurgeRuntime = t.Object(
  {
    ...runtime,
    delete_data: t.Boolean({ default: true, description: "Must be true: the runtime goes with all that is in it." }),
  },
  { $id: "PurgeRuntime", additionalProperties: false, description: "What to remove." },
);
export const PurgedRuntime = t.Object(
  {
    ok: flag("Always true."),
    purged: flag("Always true."),
    deleted_data: flag("Whether runs and files were removed."),
    runtime_id: text("The runtime."),
    tenant_id: text("Tenant."),
    data_path: text("Its folder, below the data folder."),
  },
  { $id: "PurgedRuntime", description: "What was removed." },
);

export const AuditTailQuery = t.Object({
  max_bytes: t.Integer({
    minimum: 1024,
    maximum: 400_000,
    default: 80_000,
    description: "At most so much of the end.",
  }),
});
export const AuditTail = t.Object(
  {
    ok: flag("Always true."),
    bytes: t.Integer({ description: "Bytes in `content`." }),
    truncated: flag("Whether there is more before it."),
    content: text("Whole lines of JSON."),
  },
  { $id: "AuditTail", description: "The end of the audit log." },
);
