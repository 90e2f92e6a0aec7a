import { Elysia } from "elysia";
import type { Reservation } from "#auth/reservations.ts";
import { AppError } from "#core/errors.ts";
import type { Access } from "#http/access.ts";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import {
  PurgeRuntime,
  PurgedRuntime,
  ReservationList,
  TransferRuntime,
  TransferredRuntime,
} from "#http/schemas/people.ts";
import type { SharedServices } from "#http/services.ts";
import { bodyCheck } from "#http/validation.ts";

const transferBody = bodyCheck(TransferRuntime);
const purgeBody = bodyCheck(PurgeRuntime);
const base = "/api/gateway/admin/runtime-reservations";
const path = { runtime_id: "The runtime." };

/** Runtimes whose user is gone: kept until an administrator hands them on or removes them. */
export function adminRuntimeRoutes(context: RouteContext) {
  return new Elysia().use(listRoute(context)).use(transferRoute(context)).use(purgeRoute(context));
}

async function bodyOf(access: Access, request: Request): Promise<unknown> {
  return (await readJsonBody(request, access.bodyLimitBytes(request), { floats: false })).value;
}

function listRoute({ services }: RouteContext) {
  return new Elysia().get(
    base,
    ({ set }) => {
      const reservations = services.accounts().users.reservations.list();
      return reply(set, { runtime_reservations: reservations.map((each) => reservationJson(services, each)) });
    },
    operation({
      id: "listRuntimeReservations",
      summary: "List runtimes without an owner",
      tag: "people",
      response: ReservationList,
    }),
  );
}

function transferRoute({ services, access }: RouteContext) {
  return new Elysia().post(
    `${base}/:runtime_id/transfer`,
    async ({ params, request, set }) => {
      const { tenant_id, target_user_id, confirm_runtime_id } = transferBody.check(await bodyOf(access, request));
      const runtime = { tenantId: tenant_id, runtimeId: confirmed(params.runtime_id, confirm_runtime_id) };
      const done = services.accounts().users.transfer(runtime, target_user_id);
      return reply(set, {
        ok: true,
        transferred: true,
        user: done.user,
        reservation: reservationJson(services, done.reservation),
        previous_runtime_id: done.previousRuntimeId,
      });
    },
    operation({
      id: "transferRuntime",
      summary: "Give a runtime to a user",
      tag: "people",
      path,
      body: TransferRuntime,
      response: TransferredRuntime,
      errors: [400, 404, 413],
    }),
  );
}

function purgeRoute({ services, access }: RouteContext) {
  return new Elysia().post(
    `${base}/:runtime_id/purge`,
    async ({ params, request, set }) => {
      const { tenant_id, confirm_runtime_id, delete_data } = purgeBody.check(await bodyOf(access, request));
      if (!delete_data) {
        const danger = "whoever gets this runtime next would get its runs";
        throw new AppError("invalid_request", `delete_data false: ${danger}; transfer it instead`);
      }
      const runtimeId = confirmed(params.runtime_id, confirm_runtime_id);
      const reserved = await purge(services, { tenantId: tenant_id, runtimeId });
      return reply(set, {
        ok: true,
        purged: true,
        deleted_data: true,
        runtime_id: reserved.runtime_id,
        tenant_id: reserved.tenant_id,
        data_path: services.runtimes.folder(reserved.row_scope),
      });
    },
    operation({
      id: "purgeRuntime",
      summary: "Remove a runtime without an owner",
      description: "With everything in it: runs, ledgers, artifacts, bundles, files.",
      tag: "people",
      path,
      body: PurgeRuntime,
      response: PurgedRuntime,
      errors: [400, 404, 409, 413],
    }),
  );
}

function confirmed(runtimeId: string, confirmation: string): string {
  if (runtimeId === confirmation) return runtimeId;
  throw new AppError("invalid_request", "confirm_runtime_id is not the runtime of the path");
}

/** The reservation stands until everything is gone, so that a purge that was interrupted is done again. */
async function purge(
  { accounts, runtimes }: SharedServices,
  runtime: { tenantId: string; runtimeId: string },
): Promise<Reservation> {
  const { reservations } = accounts().users;
  const reserved = reservations.require(runtime);
  runtimes.assertPurgeable(reserved.row_scope);
  reservations.setReason(runtime, "purging");
  await runtimes.purge(reserved.row_scope);
  reservations.remove(runtime);
  return reserved;
}

function reservationJson({ runtimes }: SharedServices, reservation: Reservation) {
  const { row_scope, ...rest } = reservation;
  return {
    ...rest,
    owner_key: `${rest.tenant_id}/${rest.owner_user_id}`,
    data_exists: runtimes.hasFiles(row_scope),
    data_path: runtimes.folder(row_scope),
  };
}
