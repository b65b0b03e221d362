import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Previewed, previewedProgram } from "../support/previewed-program.ts";
import { judged, withFigures } from "./judged.ts";
import { KINDS } from "./mutations.ts";

let resources: Previewed[] = [];
beforeAll(async () => {
  resources = await previewedProgram("prod");
});

describe("the page on AWS's rules", () => {
  it("has the figures as they are now (else: node docs/generate.ts aws)", () => {
    const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "aws.md"), "utf8");
    expect(page).toBe(withFigures(page, resources));
  });
});

describe("a preview of the program", () => {
  it("asks for all its AWS resources, and AWS's rules hold for each", () => {
    expect(resources.length).toBeGreaterThan(120);
    expect(resources.filter(({ failures }) => failures.length > 0)).toEqual([]);
  });

  it("refuses at least 95 of 100 ways to make one property of one resource wrong, of every kind", () => {
    const { refused, passed } = judged(resources);
    expect(refused.length).toBeGreaterThan(3000);
    const little = KINDS.filter((kind) => {
      const [yes = 0, no = 0] = [refused, passed].map((list) => list.filter((each) => each.kind === kind).length);
      return yes === 0 || yes / (yes + no) < 0.95;
    });
    expect(little).toEqual([]);
  });
});
