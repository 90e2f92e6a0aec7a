import { gateway, text } from "#config/variable.ts";

/** Read by the command line, not by the gateway. */
export const client = {
  url: text(gateway("URL"), {
    shown: "the one of the data folder",
    meaning: "Gateway that `run`, `runs`, `logs` and their like talk to",
  }),
  profiles: text(gateway("PROFILES"), {
    shown: "~/.config/abstractgateway/profiles.json",
    meaning: "File of saved gateways, for `--profile`",
  }),
};
