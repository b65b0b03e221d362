import { anomalyMessage, escalationMessage, resolvedMessage } from "../../../runbook/notify/notify.ts";
import { parseConfig } from "../../../stacks/config.ts";
import { rawConfig } from "../../support/stack-config.ts";
import { releaseNamed } from "../../support/updates.ts";

const occasion = { stack: "prod", config: parseConfig(rawConfig("prod"), "prod"), at: 0 };
const news = { release: releaseNamed("2.0"), elapsedSeconds: 1_800, reason: "errors: 9 of 10 bad" };

describe("anomalyMessage", () => {
  it("tells the platform's people what was found, and how to look further", () => {
    const { channel, text } = anomalyMessage(occasion, news);
    expect(channel).toBe("#platform");
    expect(text.split("\n")).toEqual([
      "👀 Production: something has changed since the deployment",
      "",
      `Version: ${news.release.gitSha} (release 2.0)`,
      "Since the promotion: 30 min 00 s",
      "Found: errors: 9 of 10 bad",
      "",
      "Next: npx sparki diagnose --stack prod",
    ]);
  });
});

describe("escalationMessage", () => {
  it("calls those who must investigate now, with the reason and the rollback", () => {
    const { channel, text } = escalationMessage(occasion, news);
    expect(channel).toBe("#incidents");
    expect(text).toMatch(/^🚨 Production after its deployment: @on-call-sre @alexarno investigate now\n/);
    expect(text).toContain("Reason: errors: 9 of 10 bad");
    expect(text).toContain("npx sparki rollback --stack prod");
  });
});

describe("resolvedMessage", () => {
  it("tells that it is over", () => {
    expect(resolvedMessage(occasion, news)).toMatchObject({
      channel: "#platform",
      text: expect.stringMatching(/^✅ Production has recovered\n/),
    });
  });
});
