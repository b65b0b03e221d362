import type { Step } from "../../../records/engine-record.ts";
import { assertBegins, assertKnown } from "../../../runbook/rehearse/rehearsal-faults.ts";

function preview(ops: Readonly<Record<string, string>>): { steps: readonly Step[] } {
  const common = { type: "a:b:C", startSeconds: 0, endSeconds: 1, status: "done" } as const;
  return { steps: Object.entries(ops).map(([name, op]) => ({ ...common, urn: `urn:${name}`, name, op })) };
}

const UPGRADE = preview({ "database-instance": "same", "engine-one-box": "update", "engine-fleet": "update" });

describe("assertKnown", () => {
  it.each([
    ["engine-flet", 'no step is named "engine-flet"; did you mean engine-fleet or engine-one-box?'],
    ["xyzzy", 'no step is named "xyzzy"'],
  ])("refuses %s with the steps that are called alike, and where all are named", (wanted, message) => {
    expect(() => assertKnown(wanted, UPGRADE)).toThrow(
      expect.objectContaining({ code: "SPARKI_USAGE", message, hint: expect.stringContaining("npx sparki rehearse") }),
    );
  });

  it("takes a step that is left as it is", () => {
    expect(() => assertKnown("database-instance", UPGRADE)).not.toThrow();
  });
});

describe("assertBegins", () => {
  it("refuses a step that is left as it is, with those that are not", () => {
    expect(() => assertBegins("database-instance", UPGRADE)).toThrow(
      "this deploy changes nothing in database-instance; its steps are engine-one-box, engine-fleet",
    );
  });

  it.each([
    ["a step that changes", "engine-fleet", UPGRADE],
    ["a deploy that changes nothing", "engine-fleet", preview({ "engine-fleet": "same" })],
  ])("takes %s", (_, wanted, previewed) => {
    expect(() => assertBegins(wanted, previewed)).not.toThrow();
  });
});
