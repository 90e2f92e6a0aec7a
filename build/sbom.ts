import { createHash } from "node:crypto";
import packageJson from "../package.json" with { type: "json" };
import type { Flavour, TargetName } from "./targets.ts";
import { type Component, thirdParty } from "./third-party.ts";

export interface SbomSubject {
  target: TargetName;
  flavour: Flavour;
  commit: string;
  /** SHA-256 of the file that it describes. */
  sha256: string;
  fileName: string;
}

/** A bill of materials in CycloneDX 1.6: the same build gives the same bytes, so no time and no chance is in it. */
export function sbom({ target, flavour, commit, sha256, fileName }: SbomSubject): string {
  const reference = `abstractgateway@${packageJson.version}`;
  const components = thirdParty(target, flavour);
  const document = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(sha256)}`,
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": reference,
        name: "abstractgateway",
        version: packageJson.version,
        description: packageJson.description,
        hashes: [{ alg: "SHA-256", content: sha256 }],
        licenses: [{ license: { id: packageJson.license } }],
        properties: [
          { name: "abstractgateway:target", value: target },
          { name: "abstractgateway:flavour", value: flavour },
          { name: "abstractgateway:commit", value: commit },
          { name: "abstractgateway:file", value: fileName },
        ],
      },
    },
    components: components.map(componentJson),
    dependencies: [{ ref: reference, dependsOn: components.map(referenceOf) }],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function componentJson(component: Component) {
  const { name, version, license, isPackage } = component;
  return {
    type: "library",
    "bom-ref": referenceOf(component),
    name,
    version,
    ...(license === "" ? {} : { licenses: [licenceJson(license)] }),
    ...(isPackage ? { purl: purlOf(name, version) } : {}),
  };
}

/** Identifiers that are no SPDX, and expressions, have their own form. */
function licenceJson(license: string) {
  if (/ (AND|OR|WITH) /.test(license)) return { expression: license.replace(/^\((.*)\)$/, "$1") };
  return /^LicenseRef-|^SEE /.test(license) ? { license: { name: license } } : { license: { id: license } };
}

function referenceOf({ name, version }: Component): string {
  return `${name}@${version}`;
}

function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

/** A name-based UUID (version 8: of our own making) of what it describes. */
function uuidOf(sha256: string): string {
  const hex = createHash("sha256").update(`abstractgateway sbom ${sha256}`).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}
