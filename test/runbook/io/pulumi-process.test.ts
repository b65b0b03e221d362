import { PulumiExit, reasonIn } from "../../../runbook/io/pulumi-process.ts";

describe("reasonIn", () => {
  it.each([
    ["error: no stack named 'prod' found\n", "no stack named 'prod' found"],
    ["Logging in using access token from PULUMI_ACCESS_TOKEN\nerror: Unauthorized\n", "Unauthorized"],
    ["warning: old\nerror: first\nerror: second\n", "first\nerror: second"],
    ["panic: no error: at a line's start\n", "panic: no error: at a line's start"],
  ])("is in %j what follows the first error's mark", (stderr, reason) => {
    expect(reasonIn(stderr)).toBe(reason);
  });
});

describe("PulumiExit", () => {
  it("is an outside fault with the CLI's exit code, whether the CLI says why or not", () => {
    const outside = { code: "SPARKI_OUTSIDE", hint: "pulumi whoami --verbose", exitCode: 255 };
    expect(new PulumiExit(255, "error: no\n")).toMatchObject({ ...outside, message: "no" });
    expect(new PulumiExit(255, "\n")).toMatchObject({ ...outside, message: "pulumi ended with 255" });
  });
});
