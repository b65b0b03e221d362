import { PulumiArguments } from "../../../tools/aws-facts/counterparts.ts";

describe("PulumiArguments", () => {
  const instance = new PulumiArguments().of("aws:rds/instance:Instance");

  it("tells which properties the provider's documentation says exclude each other, at any depth", () => {
    expect(instance.apart).toContainEqual(["domain", "domainFqdn"]);
    expect(instance.apart).toContainEqual(["manageMasterUserPassword", "passwordWo"]);
    expect(instance.properties?.restoreToPointInTime?.apart).toEqual([["restoreTime", "useLatestRestorableTime"]]);
  });

  it("takes a condition on a value for no exclusion", () => {
    expect(instance.apart?.flat()).not.toContain("allocatedStorage");
  });

  it("tells what a property needs beside it", () => {
    expect(instance.needs).toContainEqual(["passwordWo", "passwordWoVersion"]);
  });
});
