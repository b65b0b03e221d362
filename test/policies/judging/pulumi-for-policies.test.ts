import * as pulumi from "@pulumi/pulumi";
import * as rpc from "@pulumi/pulumi/runtime/rpc.js";
import * as enough from "../../../policies/judging/pulumi-for-policies.ts";

describe("pulumi-for-policies", () => {
  it("has Pulumi's own marks of values, and its own files and archives", () => {
    const { asset, ...marks } = enough;
    expect(rpc).toMatchObject(marks);
    expect(asset).toBe(pulumi.asset);
  });
});
