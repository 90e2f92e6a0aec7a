import packageJson from "../../package.json" with { type: "json" };
import type { TargetName } from "../targets.ts";

export interface FormulaFile {
  target: TargetName;
  flavour: string;
  fileName: string;
  sha256: string;
}

/** Where a release's files are downloaded; whoever publishes elsewhere says so with `RELEASE_URL`. */
const releaseUrl = process.env["RELEASE_URL"] ?? "https://github.com/abstractcore/abstractgateway/releases/download";

const systems = [
  { block: "on_macos", cpus: { on_arm: "darwin-arm64", on_intel: "darwin-x64" } },
  { block: "on_linux", cpus: { on_arm: "linux-arm64", on_intel: "linux-x64" } },
] as const;

/** The formula for Homebrew with the checksums of a release; null when a system's file is missing. */
export function homebrewFormula(version: string, files: readonly FormulaFile[]): string | null {
  const blocks: string[] = [];
  for (const { block, cpus } of systems) {
    const inner: string[] = [];
    for (const [cpu, target] of Object.entries(cpus)) {
      const file = files.find((each) => each.target === target && each.flavour === "default");
      if (!file) return null;
      const url = `${releaseUrl}/v${version}/${file.fileName}`;
      inner.push(`    ${cpu} do\n      url "${url}", using: :nounzip\n      sha256 "${file.sha256}"\n    end`);
    }
    blocks.push(`  ${block} do\n${inner.join("\n")}\n  end`);
  }
  return `# Written by \`bun run release\`.
class Abstractgateway < Formula
  desc "${packageJson.description}"
  homepage "https://github.com/abstractcore/abstractgateway"
  version "${version}"
  license "MIT"

${blocks.join("\n\n")}

  def install
    bin.install Dir["abstractgateway-*"].first => "abstractgateway"
    chmod 0755, bin/"abstractgateway"
    generate_completions_from_executable(bin/"abstractgateway", "completions")
    (var/"abstractgateway").mkpath
  end

  def caveats
    <<~TEXT
      Write the configuration with its token first:
        abstractgateway config init --env-file #{var}/abstractgateway/.env --data-dir #{var}/abstractgateway/data
    TEXT
  end

  service do
    run [opt_bin/"abstractgateway", "serve", "--env-file", var/"abstractgateway/.env"]
    keep_alive crashed: true
    working_dir var/"abstractgateway"
    log_path var/"log/abstractgateway.log"
    error_log_path var/"log/abstractgateway.log"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/abstractgateway version")
    system bin/"abstractgateway", "config", "init", "--yes", "--data-dir", testpath/"data"
    system bin/"abstractgateway", "run", "hello", "--input", "name=Homebrew"
  end
end
`;
}
