import type { TObject } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import { BlocManifestQuery, BlocQuery, BlocReply, UpsertTextBloc, blocBodies } from "#http/schemas/blocs.ts";
import { bodyCheck } from "#http/validation.ts";
import { type BlocOperation, operateBlocs, upsertBloc } from "#models/blocs/bloc-operations.ts";

interface Read {
  name: BlocOperation;
  path: string;
  summary: string;
  query: TObject;
}

const reads: Read[] = [
  { name: "record", path: "record", summary: "A durable text", query: BlocQuery },
  { name: "list", path: "", summary: "Durable texts", query: BlocQuery },
  { name: "kv_manifest", path: "kv/manifest", summary: "The saved state of a text", query: BlocManifestQuery },
  { name: "kv_list", path: "kv/list", summary: "Saved states of texts", query: BlocQuery },
];

const writes: { name: keyof typeof blocBodies; path: string; summary: string }[] = [
  { name: "delete", path: "delete", summary: "Forget a durable text" },
  { name: "kv_ensure", path: "kv/ensure", summary: "Compute the state of a text, unless it is there" },
  { name: "kv_load", path: "kv/load", summary: "Make the state of a text ready for runs" },
  { name: "kv_delete", path: "kv/delete", summary: "Remove saved states of a text" },
  { name: "kv_prune", path: "kv/prune", summary: "Remove saved states that belong to no text any more" },
];

const upsertBody = bodyCheck(UpsertTextBloc);

/** Durable texts whose state local models keep. A failure is a 200 reply with `ok: false`, as clients expect it. */
export function blocRoutes({ access }: RouteContext) {
  const bodyOf = async (request: Request) =>
    (await readJsonBody(request, access.bodyLimitBytes(request), { floats: false })).value;
  const operate = (name: BlocOperation, asked: object, request: Request) => {
    const { blocs, providers: registry } = access.services(request);
    return operateBlocs(name, { blocs, registry, request: asked, signal: request.signal });
  };
  const app = new Elysia().post(
    "/api/gateway/blocs/upsert_text",
    async ({ request, set }) => {
      const bloc = upsertBody.check(await bodyOf(request));
      return reply(set, await upsertBloc(access.services(request).blocs, bloc, request.signal));
    },
    operation({
      id: "upsertTextBloc",
      summary: "Keep a durable text",
      tag: "models",
      body: UpsertTextBloc,
      response: BlocReply,
      errors: [400, 413],
    }),
  );
  for (const { name, path, summary, query } of reads) {
    app.get(
      `/api/gateway/blocs${path === "" ? "" : `/${path}`}`,
      async ({ request, set }) => reply(set, await operate(name, readQuery(request.url, query), request)),
      operation({ id: idOf(name, "read"), summary, tag: "models", query, response: BlocReply }),
    );
  }
  for (const { name, path, summary } of writes) {
    const checked = bodyCheck(blocBodies[name]);
    app.post(
      `/api/gateway/blocs/${path}`,
      async ({ request, set }) => reply(set, await operate(name, checked.check(await bodyOf(request)), request)),
      operation({
        id: idOf(name, ""),
        summary,
        tag: "models",
        body: blocBodies[name],
        response: BlocReply,
        errors: [400, 413],
      }),
    );
  }
  return app;
}

function idOf(name: string, verb: string): string {
  const words = [...(verb ? [verb] : []), "bloc", ...name.split("_")];
  return words.map((word, index) => (index === 0 ? word : `${word[0]?.toUpperCase()}${word.slice(1)}`)).join("");
}
