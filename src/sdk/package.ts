/** What the published package exports (`build/sdk.ts`). */
export { createClient } from "#sdk/client.ts";
export type { ClientOptions, GatewayClient } from "#sdk/client.ts";
export type { Delta, FollowOptions } from "#sdk/follow.ts";
export { createCall } from "#sdk/operations.ts";
export type { CallOperation, OperationOptions, OperationRow } from "#sdk/operations.ts";
export { answerCommand, chooseAnswer, consent, openQuestion, questionOf } from "#sdk/question.ts";
export type { Question } from "#sdk/question.ts";
export { childOf, waitOf } from "#sdk/record-text.ts";
export { SdkError } from "#sdk/sdk-error.ts";
export type { TransportOptions } from "#sdk/transport.ts";
export { settled } from "#sdk/waits.ts";
export type { Settled } from "#sdk/waits.ts";
export { PyFloat, numberOf } from "#core/value.ts";
export type { JsonObject, Value } from "#core/value.ts";
export type { StepRecord } from "#core/record.ts";
export type * from "#sdk/wire.ts";
