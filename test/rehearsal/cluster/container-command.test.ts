import { applicationArguments } from "../../../rehearsal/cluster/environment.ts";

describe("applicationArguments", () => {
  it.each([
    { kind: "engine" as const, container: {}, words: ["engine"] },
    { kind: "web" as const, container: {}, words: ["web"] },
    { kind: "engine" as const, container: { command: ["/app/migrate", "up"] }, words: ["migrate", "up"] },
    { kind: "engine" as const, container: { command: ["/app/migrate"], args: ["$(STEP)"] }, words: ["migrate", "up"] },
    { kind: "e2e" as const, container: { args: ["--once"] }, words: ["e2e", "--once"] },
  ])("runs $words for a $kind image", ({ kind, container, words }) => {
    expect(applicationArguments(kind, container, { STEP: "up" })).toEqual(words);
  });

  it.each([
    { kind: "web" as const, command: ["/app/migrate", "up"] },
    { kind: "engine" as const, command: ["sh", "-c", "sleep 1"] },
    { kind: "engine" as const, command: ["engine"] },
  ])("refuses $command in a $kind image", ({ kind, command }) => {
    expect(() => applicationArguments(kind, { command }, {})).toThrow("no such file or directory");
  });
});
