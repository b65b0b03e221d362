import { affectedStacks, stacksIn } from "../../delivery/affected-stacks.ts";

describe("affectedStacks", () => {
  it.each([
    { changed: ["index.ts"], affected: ["staging", "prod"], why: "the program is everyone's" },
    { changed: ["apps/charts/engine/values.yaml"], affected: ["staging", "prod"], why: "so are the charts" },
    { changed: ["package-lock.json"], affected: ["staging", "prod"], why: "and the dependencies" },
    { changed: ["a-new-folder/file"], affected: ["staging", "prod"], why: "what is not known counts" },
    { changed: ["Pulumi.prod.yaml"], affected: ["prod"], why: "a config is its stack's alone" },
    { changed: ["Pulumi.prod.yaml", "io/http.ts"], affected: ["staging", "prod"], why: "the program decides" },
    { changed: ["Pulumi.review.yaml"], affected: [], why: "that stack is not deployed from here" },
    {
      changed: ["docs/plan.md", "README.md", "test/run.ts", ".github/workflows/drift.yml"],
      affected: [],
      why: "no input",
    },
    { changed: [], affected: [], why: "nothing changed" },
  ])("names $affected for $changed: $why", ({ changed, affected }) => {
    expect(affectedStacks(changed, ["staging", "prod"])).toEqual(affected);
  });
});

describe("stacksIn", () => {
  it("reads a list of names", () => {
    expect(stacksIn('["staging", "prod"]')).toEqual(["staging", "prod"]);
  });

  it.each(["", "prod", '{"prod": 1}', "[1]", '["../prod"]', '["$(id)"]', '["a b"]'])(
    "refuses %j, and says what is expected",
    (text) => {
      expect(() => stacksIn(text)).toThrow("expected a JSON list of their names");
    },
  );
});
