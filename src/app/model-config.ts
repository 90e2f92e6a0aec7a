import { join } from "node:path";
import { jsonFile, keyFile } from "#app/json-file.ts";
import type { Settings } from "#config/settings.ts";
import { CapabilityDefaults } from "#models/config/capability-defaults.ts";
import { Connections } from "#models/config/connections.ts";
import { createSecretBox } from "#models/config/secret-box.ts";

/** What people set while the gateway runs: defaults and connections, in files of the data folder that every process reads. */
export function createModelConfig(
  { dataDir, secretKey }: Settings,
  folder: string = join(dataDir, "config"),
): { defaults: CapabilityDefaults; connections: Connections } {
  const key = secretKey === null ? keyFile(join(dataDir, "config", "secret.key")) : () => secretKey;
  return {
    defaults: new CapabilityDefaults(jsonFile(join(folder, "capability-defaults.json"))),
    connections: new Connections({
      file: jsonFile(join(folder, "connections.json")),
      box: createSecretBox(key),
      now: () => new Date(),
    }),
  };
}
