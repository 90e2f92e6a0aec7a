import { swagger } from "@elysiajs/swagger";
import { Elysia } from "elysia";
import { isGuarded } from "#http/access.ts";
import { docsPage } from "#http/docs.ts";
import { LedgerRecord } from "#http/schemas/ledger.ts";

type Json = { [key: string]: unknown };

/** `/openapi.json`, and the page that shows it at `/docs`. Covers every route of the app that uses it. */
export function openApi(version: string) {
  let finished: string | null = null;
  return (
    new Elysia()
      // The plugin's own page loads its viewer from elsewhere; ours is in the executable.
      .onBeforeHandle(({ path }) => (path === "/docs" ? docsPage() : undefined))
      .onAfterHandle(({ path, response, set }) => {
        if (path !== "/openapi.json") return undefined;
        finished ??= JSON.stringify(finishDocument(response as Json));
        set.headers["content-type"] = "application/json";
        return finished;
      })
      .use(
        swagger({
          path: "/docs",
          specPath: "/openapi.json",
          documentation: {
            info: { title: "AbstractGateway", version, description: "Durable AI workflows over HTTP." },
            tags: [
              { name: "gateway", description: "The server and the caller." },
              { name: "people", description: "Users, sign-in, tokens, runtimes." },
              { name: "runs", description: "Runs of flows." },
              { name: "ledger", description: "What happened in a run, append-only, by cursor." },
              { name: "commands", description: "Durable commands to runs." },
              { name: "bundles", description: "Installed flows." },
              { name: "discovery", description: "What the gateway can do." },
              { name: "models", description: "Models in memory, and vectors of texts." },
              { name: "config", description: "Defaults and provider connections." },
              { name: "memory", description: "The knowledge graph: what is known across runs." },
              { name: "webhooks", description: "Telling other servers what becomes of runs." },
              { name: "openai", description: "Models and bundles for clients of OpenAI's API." },
              { name: "media", description: "Speech, images, videos and music." },
              { name: "artifacts", description: "Values too large for the ledger." },
            ],
          },
        }),
      )
  );
}

/**
 * What the plugin cannot do, in one pass: the version 3.1, schemas with an `$id` as components, `const` and TypeBox's own words left out,
 * the security scheme on every operation of the gateway.
 */
export function finishDocument(document: Json): Json {
  const schemas: Json = {};
  const paths = hoist(document["paths"], schemas) as Record<string, Record<string, Json>>;
  // Sent on the event stream, whose media type cannot name the schema of its data.
  hoist(LedgerRecord, schemas);
  for (const [path, operations] of Object.entries(paths)) {
    for (const operation of Object.values(operations)) {
      if (isGuarded(path)) operation["security"] = [{ gatewayBearerAuth: [] }];
    }
  }
  return {
    openapi: "3.1.0",
    info: document["info"],
    tags: document["tags"],
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        gatewayBearerAuth: {
          type: "http",
          scheme: "bearer",
          description: "A token of the gateway: `Authorization: Bearer <token>`.",
        },
      },
    },
  };
}

/** A copy without symbols, in which every schema with an `$id` is a reference to its component. */
function hoist(value: unknown, schemas: Json): unknown {
  if (Array.isArray(value)) return value.map((item) => hoist(item, schemas));
  if (typeof value !== "object" || value === null) return value;
  const { $id, ...rest } = value as Json;
  const copy: Json = {};
  for (const [key, item] of Object.entries(rest)) copy[key] = hoist(item, schemas);
  withoutDefaults(copy);
  if (typeof $id !== "string") return copy;
  schemas[$id] ??= copy;
  return { $ref: `#/components/schemas/${$id}` };
}

/** A field that has a default may be left out of a request, which TypeBox's list of required fields does not know. */
function withoutDefaults(schema: Json): void {
  const { properties, required } = schema;
  if (!Array.isArray(required) || typeof properties !== "object" || properties === null) return;
  const kept = required.filter(
    (name: string) => !Object.hasOwn((properties as Record<string, Json>)[name] ?? {}, "default"),
  );
  if (kept.length > 0) schema["required"] = kept;
  else delete schema["required"];
}
