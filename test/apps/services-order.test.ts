import * as pulumi from "@pulumi/pulumi";
import { record } from "../support/recorder.ts";
import { rawConfig } from "../support/stack-config.ts";

/** What the resources of the whole program wait for, on a stack whose last update left these outputs. */
async function waitsAfter(before: Readonly<Record<string, unknown>>): Promise<ReadonlyMap<string, readonly string[]>> {
  const waits = new Map<string, readonly string[]>();
  await record(
    async () => {
      pulumi.runtime.setAllConfig(rawConfig("prod"));
      const { default: deployment } = await import("../../index.ts");
      await pulumi.runtime.runInPulumiStack(async () => {
        await deployment();
      });
    },
    { before, waits },
  );
  return waits;
}

describe("the order of the services", () => {
  it("makes the web UI beside the engine before the first promotion, once it can be entered and is scraped", async () => {
    const waits = await waitsAfter({});
    expect(waits.get("web-one-box")).toEqual(expect.arrayContaining(["monitoring", "edge-lb-https"]));
    expect(waits.get("web-one-box")).not.toContain("engine-fleet");
    expect(waits.get("engine-one-box")).toContain("database-jobs-seed-run");
    expect(waits.get("promotion-record")).toEqual(expect.arrayContaining(["monitoring"]));
  });

  it("gives the web UI a release only after the engine's fleet has it, once something was promoted", async () => {
    const waits = await waitsAfter({ promotion: { release: { id: "2026.11.1" } } });
    expect(waits.get("web-one-box")).toContain("engine-fleet");
    expect(waits.get("web-one-box")).not.toContain("monitoring");
  });
});
