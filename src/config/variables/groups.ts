import type { Variable } from "#config/variable.ts";
import { artifacts } from "#config/variables/artifacts.ts";
import { client } from "#config/variables/client.ts";
import { email } from "#config/variables/email.ts";
import { limits } from "#config/variables/limits.ts";
import { media } from "#config/variables/media.ts";
import { memory } from "#config/variables/memory.ts";
import { models } from "#config/variables/models.ts";
import { providers } from "#config/variables/providers.ts";
import { retention } from "#config/variables/retention.ts";
import { running } from "#config/variables/running.ts";
import { security } from "#config/variables/security.ts";
import { server } from "#config/variables/server.ts";
import { telemetry } from "#config/variables/telemetry.ts";
import { telegram } from "#config/variables/telegram.ts";
import { tools } from "#config/variables/tools.ts";
import { users } from "#config/variables/users.ts";

export interface VariableGroup {
  title: string;
  variables: Variable<unknown>[];
}

/** Every variable that the gateway reads, in the order of README's table. */
export const variableGroups: readonly VariableGroup[] = [
  { title: "Server and storage", variables: Object.values(server) },
  { title: "Artifacts in S3", variables: Object.values(artifacts) },
  { title: "Security", variables: Object.values(security) },
  { title: "Users", variables: Object.values(users) },
  { title: "Runs", variables: Object.values(running) },
  { title: "Tools and code", variables: Object.values(tools) },
  { title: "Models", variables: Object.values(models) },
  { title: "Media", variables: Object.values(media) },
  { title: "Memory", variables: Object.values(memory) },
  { title: "Providers", variables: Object.values(providers) },
  { title: "Traces", variables: Object.values(telemetry) },
  { title: "Retention", variables: Object.values(retention) },
  { title: "Limits", variables: Object.values(limits) },
  { title: "Email", variables: Object.values(email) },
  { title: "Telegram", variables: Object.values(telegram) },
  { title: "Command line", variables: Object.values(client) },
];

export const allVariables: readonly Variable<unknown>[] = variableGroups.flatMap(({ variables }) => variables);
