import { mustBeSecret } from "../../stacks/config-problems.ts";

describe("mustBeSecret", () => {
  const cases: [string, string, boolean][] = [
    ["sparki:slackToken", "xoxb-123456789012", true],
    ["sparki:slackWebhook", "https://hooks.slack.com/services/T0/B0/abcdefgh", true],
    ["sparki:anything", "AKIAABCDEFGHIJKLMNOP", true],
    ["aws:accessKey", "abc", true],
    ["sparki:slackWebhook", "http://127.20.0.1:7070/slack", false],
    ["sparki:slackWebhook", "http://127.20.0.1.evil.test/slack", true],
    ["sparki:domain", "prod.sparki.tools", false],
  ];
  it.each(cases)("judges %s: %s", (key, value, expected) => expect(mustBeSecret(key, value)).toBe(expected));
});
