import { featureFlags } from "../../../../runbook/preflight/checks/people.ts";
import { configWith, fakeContext, fakeFiles, look } from "../../../support/preflight.ts";

const config = configWith({ preflight: { featureFlags: "flags.yaml" } });
const holding = (text: string) => fakeContext({ config, files: fakeFiles({ "/project/flags.yaml": text }) });

describe("featureFlags", () => {
  it.each([
    ["on or off", "new-editor: true\nold_api: false\n"],
    [
      "described, shared out and dated",
      'new-editor: { enabled: true, percent: 5, until: "2027-01-31" }\nbeta.x: false\n',
    ],
    ["in JSON", '{"a": true, "b": {"enabled": false, "description": "later"}}'],
  ])("passes for flags %s", async (_, text) => {
    expect(await look(featureFlags, holding(text))).toEqual({ status: "pass", reason: "2 flags in flags.yaml" });
  });

  it.each([
    ["a value that is neither on nor off", "new-editor: maybe\n", /flags.yaml: /],
    ["a share above all users", "a: { enabled: true, percent: 101 }\n", /flags.yaml: /],
    ["an unknown setting", "a: { enabled: true, percnt: 5 }\n", /flags.yaml: /],
    ["a name out of form", "NewEditor: true\n", /flags.yaml: /],
    ["text that is no YAML", "a: [\n", /flags.yaml is neither JSON nor YAML/],
  ])("fails for %s", async (_, text, reason) => {
    expect(await look(featureFlags, holding(text))).toEqual({
      status: "fail",
      reason: expect.stringMatching(reason),
      fix: "correct flags.yaml",
    });
  });

  it("fails when the configured file is not there", async () => {
    expect(await look(featureFlags, fakeContext({ config }))).toMatchObject({
      status: "fail",
      reason: "flags.yaml cannot be read",
    });
  });

  it("is skipped when none is configured", async () => {
    expect(await look(featureFlags, fakeContext())).toMatchObject({ status: "skipped" });
  });
});
