import { Elysia } from "elysia";
import type { UserName } from "#auth/users.ts";
import { AppError } from "#core/errors.ts";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, reply, secretReply } from "#http/route-context.ts";
import { CreateUser, RemovedUser, TenantQuery, UpdateUser, UserList, UserReply } from "#http/schemas/people.ts";
import { bodyCheck } from "#http/validation.ts";

const createBody = bodyCheck(CreateUser);
const updateBody = bodyCheck(UpdateUser);
const path = { user_id: "Name of the user." };

/** The register of users, for administrators (contract http-api 1.23). */
export function adminUserRoutes(context: RouteContext) {
  return new Elysia().use(userListRoutes(context)).use(oneUserRoutes(context));
}

function userListRoutes({ services, access }: RouteContext) {
  return new Elysia()
    .get(
      "/api/gateway/admin/users",
      ({ set }) => reply(set, { users: services.accounts().users.list() }),
      operation({ id: "listUsers", summary: "List users", tag: "people", response: UserList }),
    )
    .post(
      "/api/gateway/admin/users",
      async ({ request, set }) => {
        const { value } = await readJsonBody(request, access.bodyLimitBytes(request), { floats: false });
        const { user_id, tenant_id, runtime_id, token, ...rest } = createBody.check(value);
        const wanted = { ...rest, userId: user_id, tenantId: tenant_id };
        return secretReply(
          set,
          services.accounts().users.create({ ...wanted, runtimeId: runtime_id ?? null, token: token ?? null }),
        );
      },
      operation({
        id: "createUser",
        summary: "Make a user",
        description: "The reply has the user's token, which is told only now.",
        tag: "people",
        body: CreateUser,
        response: UserReply,
        errors: [400, 413],
      }),
    );
}

function oneUserRoutes({ services, access }: RouteContext) {
  const nameOf = (params: { user_id: string }, request: Request): UserName => ({
    tenantId: readQuery(request.url, TenantQuery).tenant_id,
    userId: params.user_id,
  });
  return new Elysia()
    .get(
      "/api/gateway/admin/users/:user_id",
      ({ params, request, set }) => {
        const user = services.accounts().users.get(nameOf(params, request));
        if (!user) throw new AppError("not_found", "Gateway user not found");
        return reply(set, { user });
      },
      operation({
        id: "readUser",
        summary: "A user",
        tag: "people",
        path,
        query: TenantQuery,
        response: UserReply,
        errors: [404],
      }),
    )
    .patch(
      "/api/gateway/admin/users/:user_id",
      async ({ params, request, set }) => {
        const { value } = await readJsonBody(request, access.bodyLimitBytes(request), { floats: false });
        const change = given(updateBody.check(value));
        return secretReply(set, services.accounts().users.update(nameOf(params, request), change));
      },
      operation({
        id: "updateUser",
        summary: "Change a user, disable them, or make them a new token",
        tag: "people",
        path,
        query: TenantQuery,
        body: UpdateUser,
        response: UserReply,
        errors: [400, 404, 409, 413],
      }),
    )
    .delete(
      "/api/gateway/admin/users/:user_id",
      ({ params, request, set }) => {
        const name = nameOf(params, request);
        services.accounts().users.delete(name);
        return reply(set, { ok: true, deleted: true, user_id: name.userId, tenant_id: name.tenantId });
      },
      operation({
        id: "removeUser",
        summary: "Remove a user; the runtime is kept, reserved",
        tag: "people",
        path,
        query: TenantQuery,
        response: RemovedUser,
        errors: [404, 409],
      }),
    );
}

/** The wire's names as ours; what is null is not given. */
function given({ email, roles, scopes, enabled, runtime_id, token, rotate_token }: UpdateUser) {
  const fields = { email, roles, scopes, enabled, runtimeId: runtime_id, token };
  const kept = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
  return { ...kept, rotateToken: rotate_token };
}
