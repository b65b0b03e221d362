import { assertDecidable } from "../../../gates/live/gate-decidable.ts";
import { parseConfig } from "../../../stacks/config.ts";
import { rawConfig } from "../../support/stack-config.ts";

const CONFIG = parseConfig(rawConfig("prod"), "prod");

describe("assertDecidable", () => {
  it.each(["prod", "staging"])("accepts the gates of %s", (stack) => {
    expect(() => assertDecidable(parseConfig(rawConfig(stack), stack), stack)).not.toThrow();
  });

  it("refuses a deadline that is too short for the rate, and says what would do", () => {
    const gate = { ...CONFIG.gate, deadlineMinutes: 0.5 };
    expect(() => assertDecidable({ ...CONFIG, gate }, "prod")).toThrow(
      /could never decide: errors: 60 requests a second for 30 s make 1800; .*\n.*\n {2}gate\.\w+ from/,
    );
  });

  it("refuses an objective that no histogram bucket counts", () => {
    const kind = { type: "slowerThan" as const, seconds: 2 };
    const objectives = [{ name: "slower than 2 s", kind, maxRatio: 0.05 }];
    expect(() => assertDecidable({ ...CONFIG, objectives }, "prod")).toThrow(/no histogram bucket ends at 2 s/);
  });
});
