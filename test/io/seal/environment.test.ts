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
