import { variableGroups } from "#config/variables/groups.ts";

const head = `# Settings of AbstractGateway: copy this file to .env and set what should differ. Written by \`abstractgateway config init --example\`.
# The gateway does not start without a token: \`openssl rand -base64 32\` makes one, \`abstractgateway config init\` writes one by itself.
ABSTRACTGATEWAY_AUTH_TOKEN=
`;

/** An example of the settings file: every variable with its meaning and default, commented out, and an empty token. */
export function exampleSettings(): string {
  const groups = variableGroups.map(({ title, variables }) => {
    const lines = variables
      .filter(({ names }) => names[0] !== "ABSTRACTGATEWAY_AUTH_TOKEN")
      .map(({ names, shown, meaning }) => `# ${meaning}\n# ${names[0]}=${isValue(shown.preset) ? shown.preset : ""}`);
    return `\n# ${title}\n\n${lines.join("\n")}\n`;
  });
  return head + groups.join("");
}

/** Some defaults are told in words, or depend on the data folder. */
function isValue(preset: string): boolean {
  return !/[\s<]/.test(preset);
}
