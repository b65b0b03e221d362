import { settingsIn } from "../../records/update.ts";

describe("settingsIn", () => {
  it.each([
    ["an object as it is", { "sparki:database": { backupDays: 7 } }, { database: { backupDays: 7 } }],
    ["an object that is kept as its text", { "sparki:database": '{"backupDays":7}' }, { database: { backupDays: 7 } }],
    ["text that only begins like one", { "sparki:domain": "[sparki" }, { domain: "[sparki" }],
    ["no secret", { "sparki:slackToken": { secure: "v1:x" } }, {}],
    ["no other namespace", { "aws:region": "us-east-1", "sparki-run:record": "{}" }, {}],
  ])("reads of a bucket's config %s", (_, config, settings) => {
    expect(settingsIn(config, "kept")).toEqual(settings);
  });

  it.each([
    ["its object before its text", { "sparki:a": { value: "{}", objectValue: { b: 1 } } }, { a: { b: 1 } }],
    ["its text", { "sparki:a": { value: "b" } }, { a: "b" }],
    ["no secret, whatever is told of it", { "sparki:a": { value: "[secret]", secret: true } }, {}],
    ["nothing of a value that is not told", { "sparki:a": {} }, {}],
  ])("reads of what the CLI tells of a value %s", (_, config, settings) => {
    expect(settingsIn(config, "told")).toEqual(settings);
  });

  it.each([undefined, null, "sparki:a", 7, ["sparki:a"]])("takes %j for no config", (config) => {
    expect(settingsIn(config, "kept")).toBeUndefined();
  });
});
