import { AppError } from "#core/errors.ts";
import { type Variable, gateway, variable } from "#config/variable.ts";

type Route = { provider: string; model: string } | null;

function route(name: string, meaning: string): Variable<Route> {
  return variable<Route>(gateway(name), {
    preset: null,
    shown: "the usual one of the first provider that has one",
    allowed: "`<provider>/<model>`",
    meaning,
    parse(text, variableName) {
      const slash = text.indexOf("/");
      const provider = text.slice(0, slash).trim().toLowerCase();
      const model = text.slice(slash + 1).trim();
      if (slash > 0 && provider !== "" && model !== "") return { provider, model };
      throw new AppError("invalid_request", `${variableName} must be <provider>/<model>, not '${text}'`);
    },
  });
}

/** Who makes media where nobody is named. */
export const media = {
  speechModel: route("SPEECH_MODEL", "Who speaks"),
  transcriptionModel: route("TRANSCRIPTION_MODEL", "Who writes down what is said"),
  imageModel: route("IMAGE_MODEL", "Who makes images"),
  imageEditModel: route("IMAGE_EDIT_MODEL", "Who edits images, when it is somebody else"),
  upscaleModel: route("UPSCALE_MODEL", "Who makes images larger"),
  videoModel: route("VIDEO_MODEL", "Who makes videos"),
  musicModel: route("MUSIC_MODEL", "Who makes music"),
};
