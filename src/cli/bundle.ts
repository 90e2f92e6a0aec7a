import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { CommandDef } from "citty";
import { AppError, messageOf } from "#core/errors.ts";
import type { BundleItem } from "#sdk/wire.ts";
import { connectArgs, withGateway } from "#cli/connect.ts";
import type { CliContext } from "#cli/context.ts";
import { define } from "#cli/define.ts";
import { exitCodeOfFindings } from "#cli/exit-codes.ts";
import { notices, print, printJson, table } from "#cli/terminal.ts";
import { plain } from "#core/plain-text.ts";

const fileArg = { type: "positional", description: "A .flow file", required: true } as const;
const jsonArg = { type: "boolean", description: "Print JSON" } as const;

export function bundleCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "bundle", description: "Pack, inspect, check, list and install workflow bundles" },
    subCommands: {
      pack: packCommand(context),
      inspect: inspectCommand(context),
      check: checkCommand(context),
      list: listCommand(context),
      install: installCommand(context),
    },
  });
}

function packCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "pack", description: "Make a .flow file of a folder with a manifest.json" },
    args: {
      folder: { type: "positional", description: "Folder with manifest.json and flows", required: true },
      output: {
        type: "string",
        alias: "o",
        valueHint: "file",
        description: "File to write (default: <id>@<version>.flow here)",
      },
      overwrite: { type: "boolean", description: "Replace the file when it exists" },
      json: jsonArg,
    },
    run: async ({ args }) => {
      const { packBundle } = await import("#app/offline.ts");
      const packed = await packBundle(resolve(context.cwd, args.folder), {
        output: args.output === undefined ? null : resolve(context.cwd, args.output),
        outputDir: context.cwd,
        overwrite: args.overwrite ?? false,
      });
      if (args.json) return printJson(context, packed);
      print(context, `Wrote ${packed.path} (${packed.bundle_ref}, ${packed.size_bytes} bytes)`);
    },
  });
}

function inspectCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "inspect", description: "Show what is in a .flow file" },
    args: { file: fileArg, json: jsonArg },
    run: async ({ args }) => {
      const { inspectBundle } = await import("#app/offline.ts");
      const summary = await inspectBundle(resolve(context.cwd, args.file));
      if (args.json) return printJson(context, summary);
      print(context, table([...summaryRows(summary)]));
    },
  });
}

/** Key and value per row; what is nested stands as JSON. */
function summaryRows(summary: object): string[][] {
  return Object.entries(summary).map(([key, value]) => [
    key,
    plain(typeof value === "string" ? value : JSON.stringify(value)),
  ]);
}

function checkCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "check", description: "Read a .flow file as the gateway would and say what is wrong with it" },
    args: { file: fileArg, json: jsonArg },
    run: async ({ args }) => {
      const { checkBundle } = await import("#app/offline.ts");
      const result = await checkBundle(resolve(context.cwd, args.file));
      if (result.problems.length > 0) context.exitCode = exitCodeOfFindings;
      if (args.json) return printJson(context, result);
      for (const warning of result.warnings) notices(context).warn(plain(warning));
      for (const problem of result.problems) notices(context).error(plain(problem));
      if (result.problems.length === 0) print(context, `${result.bundle_ref} is sound.`);
    },
  });
}

function listCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "list", description: "List installed bundles" },
    args: { all: { type: "boolean", description: "All versions, drafts included" }, json: jsonArg, ...connectArgs },
    run: ({ args }) =>
      withGateway(context, args, { runner: false }, async ({ client }) => {
        const bundles = await client.bundles(args.all ? { all_versions: true, include_drafts: true } : {});
        if (args.json) return printJson(context, bundles);
        print(context, bundles.length === 0 ? "No bundles." : table([["BUNDLE", "ENTRYPOINTS"], ...bundles.map(row)]));
      }),
  });
}

function row(bundle: BundleItem): string[] {
  const entrypoints = bundle.entrypoints.map(({ flow_id, name }) =>
    name && name !== flow_id ? `${name} (${flow_id})` : flow_id,
  );
  return [bundle.bundle_ref, entrypoints.join(", ")].map(plain);
}

function installCommand(context: CliContext): CommandDef {
  return define({
    meta: { name: "install", description: "Install a .flow file into the gateway" },
    args: {
      file: fileArg,
      overwrite: { type: "boolean", description: "Replace this version when it is installed" },
      json: jsonArg,
      ...connectArgs,
    },
    run: async ({ args }) => {
      const archive = new Blob([await readArchive(resolve(context.cwd, args.file))]);
      const options = { overwrite: args.overwrite ?? false, filename: basename(args.file) };
      await withGateway(context, args, { runner: false }, async ({ client }) => {
        const receipt = await client.installBundle(archive, options);
        if (args.json) return printJson(context, receipt);
        print(context, `Installed ${receipt.bundle_ref}`);
      });
    },
  });
}

async function readArchive(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new AppError("not_found", `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
