import type { JsonObject } from "#core/value.ts";

/** A tool that the engine itself carries out: the run waits for the answer as at an `ask_user` node. */
export const askUserSpec: JsonObject = {
  name: "ask_user",
  description:
    "Asks the user one question and waits for the answer. Use it when the task cannot go on without something only the user knows.",
  parameters: {
    question: { type: "string", description: "The question, complete in itself" },
    choices: {
      type: "array",
      description: "Answers to choose from, when there are few",
      items: { type: "string" },
      default: null,
    },
  },
  required_args: ["question"],
  toolset: "user",
};
