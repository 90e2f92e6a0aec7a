import { address, choice, flag, number, refuse, text, variable } from "#config/variable.ts";

/** OpenTelemetry's own variables: the same as for every other program. */
export const telemetry = {
  endpoint: address(["OTEL_EXPORTER_OTLP_ENDPOINT"], {
    preset: null,
    meaning: "Collector for traces, OTLP over HTTP; `/v1/traces` is added. Without one there are no traces",
  }),
  tracesEndpoint: address(["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"], {
    preset: null,
    meaning: "The same as a whole address",
  }),
  headers: pairs(["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"], {
    isSecret: true,
    meaning: "Headers for the collector, such as its key",
  }),
  timeoutMs: number(["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"], {
    preset: 10_000,
    min: 1,
    max: 600_000,
    meaning: "How long the collector may take, in ms",
  }),
  delayMs: number(["OTEL_BSP_SCHEDULE_DELAY"], {
    preset: 5000,
    min: 1,
    max: 600_000,
    meaning: "How long spans are gathered before they are sent, in ms",
  }),
  serviceName: text(["OTEL_SERVICE_NAME"], { shown: "abstractgateway", meaning: "Name of this gateway in traces" }),
  resource: pairs(["OTEL_RESOURCE_ATTRIBUTES"], { meaning: "More about this gateway in traces" }),
  tracesExporter: choice(["OTEL_TRACES_EXPORTER"], {
    preset: "otlp",
    allowed: ["otlp", "none"],
    meaning: "`none`: no traces",
  }),
  isDisabled: flag(["OTEL_SDK_DISABLED"], { preset: false, meaning: "No traces" }),
  hasContent: flag(["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"], {
    preset: false,
    meaning: "Prompts, answers, arguments and results of tools are in the traces",
  }),
};

function pairs(names: string[], about: { meaning: string; isSecret?: boolean }) {
  return variable<Record<string, string>>(names, {
    ...about,
    preset: {},
    allowed: "`name=value` with commas",
    parse: readPairs,
  });
}

/** As W3C Baggage has it: values may be percent-encoded. */
function readPairs(given: string, variableName: string): Record<string, string> {
  const entries = given
    .split(",")
    .filter((each) => each.trim() !== "")
    .map((each) => {
      const at = each.indexOf("=");
      const name = each.slice(0, Math.max(at, 0)).trim();
      // The value may be a key, so it is not in the sentence.
      if (name === "") throw refuse(variableName, "must be name=value with commas", "…");
      return [name, decoded(each.slice(at + 1).trim())] as const;
    });
  return Object.fromEntries(entries);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
