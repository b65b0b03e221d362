import { parseConfig } from "../../stacks/config.ts";
import { DeployError } from "../../stacks/deploy-error.ts";
import { rawConfig } from "../support/stack-config.ts";

function errorOf(raw: Record<string, string>): DeployError {
  try {
    parseConfig(raw, "prod");
  } catch (error) {
    if (error instanceof DeployError) return error;
    throw error;
  }
  throw new Error("the config was accepted");
}

describe("parseConfig", () => {
  it.each(["prod", "staging"])("accepts the config of %s", (stack) => {
    expect(parseConfig(rawConfig(stack), stack).domain).toBe(`${stack}.sparki.tools`);
  });

  it("keeps an account id of digits as text", () => {
    expect(parseConfig(rawConfig("prod"), "prod").accountId).toBe("111122223333");
  });

  it.each([
    ["as the engine decrypts it", "xoxb-very-secret"],
    ["as a file shows it", '{"secure":"v1:very-secret"}'],
  ])("accepts a secret of the commands %s, and never holds it", (_, value) => {
    const config = parseConfig({ ...rawConfig("prod"), "sparki:slackToken": value }, "prod");
    expect(JSON.stringify(config)).not.toContain("very-secret");
  });

  const broken: [string, Record<string, string>, RegExp][] = [
    [
      "a backup time under a week",
      { "sparki:database": '{"backupDays":0}' },
      /database\.backupDays is 0; expected .*>=7/,
    ],
    [
      "an image by tag",
      { "sparki:release": '{"images":{"engine":"ghcr.io/x/engine:latest"}}' },
      /release\.images\.engine is "ghcr.io\/x\/engine:latest"; expected an image by digest/,
    ],
    ["an unknown key", { "sparki:databse": "{}" }, /databse is not a known key\. Run: pulumi config rm/],
    ["a short account id", { "sparki:accountId": "12" }, /accountId is "12"; expected an AWS account id of 12 digits/],
    [
      "a ratio of 1",
      { "sparki:objectives": '[{"name":"errors","kind":{"type":"errors"},"maxRatio":1}]' },
      /objectives\.0\.maxRatio is 1/,
    ],
    [
      "an objective without a limit",
      { "sparki:objectives": '[{"name":"errors","kind":{"type":"errors"}}]' },
      /objectives\.0\.maxRatio is missing/,
    ],
    ["a boolean that is text", { "sparki:protection": "maybe" }, /protection is "maybe"/],
  ];

  it.each(broken)("refuses %s with what it found, expects and the command", (_, change, message) => {
    const error = errorOf({ ...rawConfig("prod"), ...change });
    expect(error.code).toBe("SPARKI_CONFIG");
    expect(error.message).toMatch(message);
    expect(error.message).toContain("Run: pulumi config");
  });

  it("lists every problem at once", () => {
    const error = errorOf({ ...rawConfig("prod"), "sparki:accountId": "12", "sparki:region": "mars" });
    expect(error.message).toContain("2 problem(s)");
    expect(error.message).toContain("accountId");
    expect(error.message).toContain("region");
  });

  it("refuses a schema whose oldest usable level is above its own", () => {
    const raw = rawConfig("prod");
    const release = JSON.parse(raw["sparki:release"] ?? "{}");
    const changed = JSON.stringify({ ...release, schema: { level: 2, oldest: 3 } });
    expect(errorOf({ ...raw, "sparki:release": changed }).message).toMatch(/release\.schema\.oldest is 3/);
  });
});
