import { dependenciesIn, resourcesIn } from "../../records/state.ts";

const inState = (...resources: object[]) =>
  resourcesIn({ deployment: { resources: resources.map((each) => ({ urn: "u", custom: true, ...each })) } });

describe("dependenciesIn", () => {
  it("joins dependencies, provider and what is inside a component that is depended on", () => {
    const state = inState(
      { urn: "component", custom: false, type: "sparki:infra:Network" },
      { urn: "inside", parent: "component", type: "aws:a:A" },
      { urn: "user", type: "aws:b:B", dependencies: ["component"], provider: "urn::provider::id-1" },
    );
    expect(dependenciesIn(state).get("user")).toEqual(["component", "inside", "urn::provider"]);
  });
});

describe("resourcesIn", () => {
  it("takes an empty stack for one without resources", () => {
    expect(resourcesIn({ version: 3, deployment: { manifest: {} } })).toEqual([]);
  });
});
