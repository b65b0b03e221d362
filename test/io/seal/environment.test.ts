import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allowedEnvironment, codeLoaders, droppedNames, settingsOf } from "../../../io/seal/environment.ts";

const GIVEN = {
  HOME: "/home/ada",
  PATH: "/usr/bin",
  AWS_PROFILE: "prod",
  AWS_REGION: "us-east-1",
  PULUMI_BACKEND_URL: "s3://state",
  PULUMI_ACCESS_TOKEN: "pul-1",
};

describe("allowedEnvironment", () => {
  it.each([
    "PULUMI_OPTION_POLICY_PACK",
    "PULUMI_OPTION_CONFIG",
    "PULUMI_OPTION_CONFIG_FILE",
    "PULUMI_OPTION_ANYTHING_NEW",
    "PULUMI_EXPERIMENTAL",
    "NODE_OPTIONS",
    "NODE_PATH",
    "NODE_COMPILE_CACHE",
    "LD_PRELOAD",
    "npm_config_script_shell",
    "npm_config_node_options",
    "HELM_PLUGINS",
    "HELM_NAMESPACE",
    "KUBECONFIG",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "GIT_DIR",
    "BASH_ENV",
    "SOMETHING_ELSE",
  ])("drops %s, and whatever else it does not name (X01, X03, X05, X06)", (name) => {
    expect(allowedEnvironment({ ...GIVEN, [name]: "x" })).toEqual(GIVEN);
    expect(allowedEnvironment({ ...GIVEN, [name]: "" })).toEqual(GIVEN);
  });
});

describe("settingsOf", () => {
  it("holds what changes a deployment, and neither who asks nor the machine", () => {
    expect(settingsOf(GIVEN)).toEqual({ AWS_REGION: "us-east-1", PULUMI_BACKEND_URL: "s3://state" });
  });
});

describe("settingsOf files and the AWS profile", () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "sparki-home-"));
    mkdirSync(join(home, ".aws"));
    mkdirSync(join(home, "certificates"));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const put = (file: string, text: string) => writeFileSync(join(home, file), text);
  /** The names of the entries that differ once that is done. */
  const changedBy = (given: Readonly<Record<string, string>>, change: () => void) => {
    const settings = () => settingsOf({ HOME: home, ...given });
    const before = settings();
    change();
    const after = settings();
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].filter((name) => before[name] !== after[name]).sort();
  };

  it.each(["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE", "SPARKI_CA_FILE"])(
    "see another content of the file that %s names, under the same name",
    (name) => {
      put("ca.pem", "own");
      const given = { [name]: join(home, "ca.pem") };
      expect(changedBy(given, () => put("ca.pem", "other"))).toEqual([`content of ${name}`]);
      expect(changedBy(given, () => rmSync(join(home, "ca.pem")))).toEqual([`content of ${name}`]);
    },
  );

  it("see another content, another name and one more file in a folder of authorities, by its links too", () => {
    const given = { SSL_CERT_DIR: `/nowhere:${join(home, "certificates")}` };
    put("ca.pem", "own");
    const seen = ["content of SSL_CERT_DIR"];
    expect(changedBy(given, () => symlinkSync("../ca.pem", join(home, "certificates", "a.0")))).toEqual(seen);
    expect(changedBy(given, () => put("ca.pem", "other"))).toEqual(seen);
    expect(changedBy(given, () => put("certificates/b.0", ""))).toEqual(seen);
  });

  it.each([
    ["region = eu-west-1", ["AWS profile's region"]],
    ["use_fips_endpoint=true", ["AWS profile's use_fips_endpoint"]],
    ["s3 =\n  addressing_style = path", ["AWS profile's s3"]],
    ["ca_bundle = /nowhere/ca.pem", ["AWS profile's ca_bundle", "content of AWS profile's ca_bundle"]],
    ["credential_process = /bin/ask\nrole_arn = arn:x\nsso_session = a\noutput = json\ncli_pager =", []],
    ["endpoint_url = https://evil.example", []],
    ["# region = eu-west-1", []],
  ])("see the profile's settings, and neither who asks nor what shows: %s", (lines, seen) => {
    const profile = (more: string) =>
      put(".aws/config", `[default]\nregion = a\n[profile prod]\n${more}\n[profile b]\nregion = b\n`);
    profile("");
    expect(changedBy({ AWS_PROFILE: "prod" }, () => profile(lines))).toEqual(seen);
    expect(changedBy({}, () => profile(""))).toEqual([]);
    const elsewhere = { AWS_PROFILE: "prod", AWS_CONFIG_FILE: join(home, ".aws", "config") };
    expect(changedBy({ ...elsewhere, HOME: "/nowhere" }, () => profile(lines))).toEqual(seen);
  });

  it("see what is in the bundle that the profile names, and settings beside credentials", () => {
    put("ca.pem", "own");
    put(".aws/config", `[default]\nca_bundle = ${join(home, "ca.pem")}\n`);
    expect(changedBy({}, () => put("ca.pem", "other"))).toEqual(["content of AWS profile's ca_bundle"]);
    expect(changedBy({}, () => put(".aws/credentials", "[default]\naws_access_key_id = x\n"))).toEqual([]);
    expect(changedBy({}, () => put(".aws/credentials", "[default]\nregion = x\n"))).toEqual(["AWS profile's region"]);
  });
});

describe("droppedNames", () => {
  it("tells of what looks as if it was meant for a deployment, and not of all that a shell holds", () => {
    const given = { ...GIVEN, PULUMI_OPTION_POLICY_PACK: "", NODE_OPTIONS: "--require x", EDITOR: "vi" };
    expect(droppedNames(given)).toEqual(["NODE_OPTIONS", "PULUMI_OPTION_POLICY_PACK"]);
  });
});

describe("codeLoaders", () => {
  it("names the variables that have put code into this process already", () => {
    expect(codeLoaders({ NODE_OPTIONS: "--import ./evil.mjs", LD_PRELOAD: "" })).toEqual(["NODE_OPTIONS"]);
  });
});
