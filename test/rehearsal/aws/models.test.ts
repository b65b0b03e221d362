import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Models } from "../../../rehearsal/aws/models.ts";
import { TYPES } from "../../../rehearsal/aws/types.ts";

const SDK = join(import.meta.dirname, "..", "..", "..", "node_modules", "@pulumi", "aws");

/** The SDK's own source of a resource type: `aws:ec2/vpc:Vpc` is in `ec2/vpc.js`. */
function sdkSource(type: string): string {
  return readFileSync(join(SDK, `${type.split(":")[1]}.js`), "utf8");
}

describe("the models", () => {
  const models = new Models();
  const all = Object.values(TYPES).map((type) => ({ type, model: models.of(type) }));

  it.each(all)("know $type as the SDK does", ({ type, model }) => {
    const source = sdkSource(type);
    expect(source).toContain(`__pulumiType = '${type}'`);
    const paths = [...(model.immutable ?? []), ...(model.references ?? []).map(({ path }) => path)];
    const names = [
      ...paths.map((path) => path.replace(/^!/, "").split(".")[0] ?? ""),
      ...(model.required ?? []),
      ...(model.secrets ?? []),
      ...Object.keys(model.defaults ?? {}),
      ...Object.keys(model.outputs ?? {}),
      ...(model.nameProperty === undefined ? [] : [model.nameProperty]),
    ].filter((name) => name !== "*");
    const unknown = names.filter((name) => !source.includes(`resourceInputs["${name}"]`));
    expect(unknown).toEqual([]);
  });

  it.each(all)("have tags and a region of $type where the SDK has them", ({ type, model }) => {
    const source = sdkSource(type);
    expect(model.tagged !== false).toBe(source.includes('resourceInputs["tagsAll"]'));
    expect(model.global !== true).toBe(source.includes('resourceInputs["region"]'));
    expect(model.arn !== undefined).toBe(source.includes('resourceInputs["arn"]'));
  });

  it.each(all)("ask for what the SDK asks for: $type", ({ type, model }) => {
    const asked = [...sdkSource(type).matchAll(/args\?\.(\w+) === undefined && !opts\.urn/g)].map((match) => match[1]);
    expect(model.required ?? []).toEqual(expect.arrayContaining(asked));
  });
});
