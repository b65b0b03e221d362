import { redacted } from "../../runbook/redacted.ts";

describe("redacted", () => {
  it.each([
    ["ERROR connect postgres://sparki:hunter2@db:5432/sparki", "ERROR connect postgres://[secret]@db:5432/sparki"],
    ["rediss://:hunter2@cache:6379", "rediss://[secret]@cache:6379"],
    ["host=db user=sparki password=hunter2 sslmode=require", "host=db user=sparki password=[secret] sslmode=require"],
    ["https://hooks.slack.com/services/T0/B0/x1", "https://hooks.slack.com/services/[secret]"],
  ])("takes the credentials out of %s", (text, expected) => {
    expect(redacted(text)).toBe(expected);
  });

  it.each(["https://prod.sparki.tools:8443/api", "GET /a:b@c", "password rejected", '{"ts":"2026-11-23T12:00:00Z"}'])(
    "leaves %s as it is",
    (text) => {
      expect(redacted(text)).toBe(text);
    },
  );
});
