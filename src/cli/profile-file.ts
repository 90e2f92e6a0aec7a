import { chmod, mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { VariableReader } from "#config/reader.ts";
import { client as variables } from "#config/variables/client.ts";
import { AppError, messageOf } from "#core/errors.ts";
import { isObject } from "#core/value.ts";
import type { CliContext } from "#cli/context.ts";

/** A gateway that was saved under a name. */
export interface Profile {
  url: string;
  token: string | null;
}

export function clientVariables(context: CliContext): VariableReader {
  return new VariableReader([{ source: "environment", values: context.env }]);
}

/** AppError `not_found` names the profiles that there are. */
export async function readProfile(context: CliContext, name: string): Promise<Profile> {
  const profiles = await readProfiles(context);
  const profile = profiles.get(name);
  if (profile) return profile;
  const known = profiles.size === 0 ? "none is saved yet" : `there are ${[...profiles.keys()].join(", ")}`;
  throw new AppError("not_found", `There is no profile '${name}': ${known}.`);
}

/** All of them by name. AppError when others may read the file, which has tokens, or when it is not what it should be. */
export async function readProfiles(context: CliContext): Promise<Map<string, Profile>> {
  const path = profilesPath(context);
  const text = await textOf(path);
  return text === null ? new Map() : parse(text, path);
}

/** For the owner's eyes only, and never half written. */
export async function writeProfiles(context: CliContext, profiles: Map<string, Profile>): Promise<string> {
  const path = profilesPath(context);
  const partial = `${path}.${process.pid}.new`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(partial, `${JSON.stringify(Object.fromEntries(profiles), null, 2)}\n`, { mode: 0o600 });
  await chmod(partial, 0o600);
  await rename(partial, path);
  return path;
}

function profilesPath(context: CliContext): string {
  const named = clientVariables(context).get(variables.profiles);
  if (named !== null) return named;
  const config = context.env["XDG_CONFIG_HOME"] || join(context.env["HOME"] ?? homedir(), ".config");
  return join(config, "abstractgateway", "profiles.json");
}

async function textOf(path: string): Promise<string | null> {
  const mode = await stat(path).then(
    (found) => found.mode,
    () => null,
  );
  if (mode === null) return null;
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new AppError("forbidden", `Others can read ${path}, which has tokens. Do: chmod 600 '${path}'`);
  }
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw new AppError("storage", `The profiles in ${path} cannot be read: ${messageOf(cause)}`, { cause });
  });
}

function parse(text: string, path: string): Map<string, Profile> {
  const profiles = new Map<string, Profile>();
  for (const [name, value] of Object.entries(objectOf(text, path))) {
    const { url, token = null } = (isObject(value) ? value : {}) as { url?: unknown; token?: unknown };
    if (typeof url !== "string" || (token !== null && typeof token !== "string")) {
      throw new AppError(
        "invalid_request",
        `The profile '${name}' in ${path} needs a url, and a token that is a text.`,
      );
    }
    profiles.set(name, { url, token });
  }
  return profiles;
}

function objectOf(text: string, path: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below.
  }
  throw new AppError("invalid_request", `${path} must be a JSON object: {"name": {"url": "…", "token": "…"}}.`);
}
