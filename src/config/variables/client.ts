import { gateway, text } from "#config/variable.ts";

/** Read by the command line, not by the gateway. */
export const client = {
  url: text(gateway("URL"), {
    shown: "the one of the data folder",
    meaning: "Gateway that `run`, `runs`, `logs` and their like talk to",
  }),
};
