import { redacted, redactedLines } from "../../runbook/redacted.ts";

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

describe("redactedLines", () => {
  async function* inPieces(text: string, size: number) {
    for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
  }

  it.each([1, 7, 1000])("takes credentials out also where they come in pieces, of %i characters", async (size) => {
    const text = "first\n\nrefused: postgres://sparki:hunter2@db:5432/sparki\nlast";
    const lines: string[] = [];
    for await (const line of redactedLines(inPieces(text, size))) lines.push(line);
    expect(lines).toEqual(["first\n", "\n", "refused: postgres://[secret]@db:5432/sparki\n", "last"]);
  });
});
