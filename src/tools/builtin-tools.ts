import { analyzeCode } from "#tools/analyze-code.ts";
import { editFile } from "#tools/edit-file.ts";
import { executeCommand } from "#tools/execute-command.ts";
import { listFiles } from "#tools/list-files.ts";
import { readFile } from "#tools/read-file.ts";
import { searchFiles } from "#tools/search-files.ts";
import { skimFiles } from "#tools/skim-files.ts";
import { skimFolders } from "#tools/skim-folders.ts";
import type { Tool } from "#tools/tool.ts";
import { writeFile } from "#tools/write-file.ts";

/** The tools that need nothing but this machine. `environment` is the gateway's; commands get five harmless variables of it. */
export function builtinTools({ environment }: { environment: Record<string, string | undefined> }): Tool[] {
  return [
    listFiles,
    skimFolders,
    readFile,
    skimFiles,
    searchFiles,
    analyzeCode,
    writeFile,
    editFile,
    executeCommand(environment),
  ];
}
