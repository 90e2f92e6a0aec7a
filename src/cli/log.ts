import { LogLevels, createConsola } from "consola/core";
import type { Settings } from "#config/settings.ts";
import { type Log, type LogFields, type LogLevel, logLevels } from "#core/log.ts";
import type { CliContext } from "#cli/context.ts";
import { paintFor } from "#cli/terminal.ts";
import { plain } from "#core/plain-text.ts";

/** The log of a server, on stderr: lines for people, or one JSON object a line. */
export function createLog(context: CliContext, { logLevel, logFormat }: Pick<Settings, "logLevel" | "logFormat">): Log {
  const line = logFormat === "json" ? jsonLine : textLine(context);
  const consola = createConsola({
    level: LogLevels[logLevel],
    throttle: 0,
    reporters: [
      {
        log({ type, args, date }) {
          const [message, fields] = args as [string, LogFields];
          context.stderr.write(`${line({ level: type as LogLevel, message, fields, date })}\n`);
        },
      },
    ],
  });
  const last = logLevels.indexOf(logLevel);
  return {
    isOn: (level) => logLevels.indexOf(level) <= last,
    write: (level, message, fields = {}) => consola[level](message, fields),
  };
}

interface Entry {
  level: LogLevel;
  message: string;
  fields: LogFields;
  date: Date;
}

function jsonLine({ level, message, fields, date }: Entry): string {
  return JSON.stringify({ time: date.toISOString(), level, message, ...fields });
}

/** Numbers of syslog(3): the journal of systemd takes them from the beginning of a line. */
const priorities: Record<LogLevel, number> = { error: 3, warn: 4, info: 6, debug: 7 };

function textLine(context: CliContext): (entry: Entry) => string {
  const paint = paintFor(context, context.stderr);
  const isJournal = Boolean(context.env["JOURNAL_STREAM"]) && context.stderr.isTTY !== true;
  const marks: Record<LogLevel, string> = {
    error: paint("red", "error: "),
    warn: paint("yellow", "warning: "),
    info: "",
    debug: paint("dim", "debug: "),
  };
  return ({ level, message, fields }) => {
    const begin = isJournal ? `<${priorities[level]}>` : marks[level];
    const about = Object.entries(fields).flatMap(([name, value]) =>
      value === undefined || value === null ? [] : [`${name}=${shown(value)}`],
    );
    return [begin + oneLine(message), ...about.map((each) => paint("dim", each))].join(" ");
  };
}

function shown(value: string | number | boolean): string {
  const text = oneLine(String(value));
  return /[\s"=]/.test(text) || text === "" ? JSON.stringify(text) : text;
}

/** Somebody else's text must not begin a line of its own. */
function oneLine(text: string): string {
  return plain(text.replace(/\s*\n\s*/g, " "));
}
