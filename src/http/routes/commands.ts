import { Elysia } from "elysia";
import { principalKey } from "#auth/principal.ts";
import { type CommandType, commandTypes } from "#core/command.ts";
import { AppError } from "#core/errors.ts";
import { newHexId } from "#core/ids.ts";
import { isoTime } from "#core/time.ts";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { type RouteContext, assertName, reply } from "#http/route-context.ts";
import { answerLinkRoutes } from "#http/routes/answer-links.ts";
import { emailRoutes } from "#http/routes/email.ts";
import { CommandStatus, SubmitCommandRequest, SubmitCommandResponse } from "#http/schemas/commands.ts";
import type { Services } from "#http/services.ts";
import { bodyCheck, shownText } from "#http/validation.ts";

const submitBody = bodyCheck(SubmitCommandRequest);

/** Commands to runs, links that give one, and mail. */
export function commandRoutes(context: RouteContext) {
  return new Elysia().use(ownRoutes(context)).use(answerLinkRoutes(context)).use(emailRoutes(context));
}

function ownRoutes({ access }: RouteContext) {
  return new Elysia()
    .post(
      "/api/gateway/commands",
      async ({ request, set }) => {
        const { value } = await readJsonBody(request, access.bodyLimitBytes(request));
        return reply(
          set,
          await submit(access.services(request), submitBody.check(value), principalKey(access.principal(request))),
        );
      },
      operation({
        id: "submitCommand",
        summary: "Pause, resume, answer, cancel a run, or send an event",
        description:
          "The command is durable when it is accepted. The same command id again changes nothing and is no error.",
        tag: "commands",
        body: SubmitCommandRequest,
        response: SubmitCommandResponse,
        errors: [400, 413],
      }),
    )
    .get(
      "/api/gateway/commands/:command_id",
      async ({ params, request, set }) =>
        reply(
          set,
          await commandStatus(access.services(request), params.command_id, principalKey(access.principal(request))),
        ),
      operation({
        id: "readCommand",
        summary: "What became of a command",
        tag: "commands",
        path: { command_id: "Id of the command." },
        response: CommandStatus,
        errors: [404],
      }),
    );
}

async function submit(services: Services, body: SubmitCommandRequest, principal: string) {
  const type = body.type.trim();
  if (!isCommandType(type)) {
    throw new AppError("invalid_request", `type must be one of ${commandTypes.join("|")}`);
  }
  if (body.run_id.trim() === "") {
    throw new AppError("invalid_request", "Failed to append command: CommandRecord.run_id must be non-empty");
  }
  assertName(body.command_id, ["body", "command_id"]);
  assertName(body.run_id, ["body", "run_id"]);
  assertName(body.ts, ["body", "ts"]);
  assertName(body.client_id, ["body", "client_id"]);
  const { accepted, duplicate, seq } = await services.submitCommand({
    command_id: body.command_id.trim() || newHexId(),
    run_id: type === "update_schedule" ? await scheduleOf(services, body.run_id) : body.run_id,
    type,
    payload: body.payload,
    ts: body.ts || isoTime(services.now()),
    client_id: body.client_id ?? null,
    principal,
  });
  return { accepted, duplicate, seq };
}

/** The schedule above a run that it started; the run itself where there is none. */
async function scheduleOf({ ledger }: Services, runId: string): Promise<string> {
  const run = await ledger.getRun(runId);
  if (!run || run.schedule_id !== null || run.root_run_id === runId) return runId;
  const root = await ledger.getRun(run.root_run_id);
  return root?.schedule_id ? root.run_id : runId;
}

function isCommandType(type: string): type is CommandType {
  return (commandTypes as readonly string[]).includes(type);
}

async function commandStatus(services: Services, commandId: string, principal: string) {
  const command = await services.ledger.getCommand(commandId, principal);
  if (!command) throw new AppError("not_found", `Command '${shownText(commandId)}' not found`);
  const { command_id, run_id, type, seq, ts, applied_at, outcome } = command;
  return { command_id, run_id, type, seq, ts, applied_at, outcome };
}
