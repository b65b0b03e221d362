import { namingInFull, stackNameIn } from "../../stacks/stack-name.ts";

describe("namingInFull", () => {
  const name = stackNameIn("my-org/sparki/prod");
  const naming = name === undefined ? String : namingInFull(name);

  it.each([
    ["npx sparki deploy --stack prod", "npx sparki deploy --stack my-org/sparki/prod"],
    ["pulumi cancel --stack=prod, then", "pulumi cancel --stack=my-org/sparki/prod, then"],
    ["Run: npx sparki plan --stack prod.", "Run: npx sparki plan --stack my-org/sparki/prod."],
    ["--stack production", "--stack production"],
    ["--stack prod-eu", "--stack prod-eu"],
    ["--stack my-org/sparki/prod", "--stack my-org/sparki/prod"],
    ["Pulumi.prod.yaml", "Pulumi.prod.yaml"],
  ])("shows %j as %j", (text, shown) => {
    expect(naming(text)).toBe(shown);
  });
});
