import { readFileSync } from "node:fs";
import { join } from "node:path";
import { documentsOf } from "../../../policies/delivery/identities.ts";
import { deliverySession } from "../../../policies/delivery/judging.ts";
import { configIn, examplesOf, judged, NOW, type View } from "../../support/delivery-examples.ts";
import { CONFIG, RUNNER, rawDelivery, recordDelivery } from "../../support/delivery-program.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const ownConfig = (stack: string) => configIn(readFileSync(join(ROOT, "delivery", `Pulumi.${stack}.yaml`), "utf8"));
const CLOUD = { organization: "sparki", image: `ghcr.io/alexarno/deployments@sha256:${"a1".repeat(32)}` };

describe("the policies of delivery", () => {
  const cases: [title: string, stack: string, config: Record<string, unknown>][] = [
    ["production's account", "prod", ownConfig("prod")],
    ["staging's account", "staging", ownConfig("staging")],
    ["a runner, and deployments by Pulumi Cloud", "prod", { ...CONFIG, runner: RUNNER, pulumiCloud: CLOUD }],
    [
      "a repository with GitHub's numbers",
      "prod",
      { ...CONFIG, pulumiCloud: CLOUD, repositories: ["alexarno@1234/sparki-deploy@5678"] },
    ],
    [
      "providers that exist, no watch, and no protection any more",
      "prod",
      {
        ...CONFIG,
        githubProvider: "existing",
        pulumiCloud: { ...CLOUD, identityProvider: "existing", deployOnPush: ["prod"] },
        watch: { cloudTrail: false, guardDuty: false, config: false },
        state: { versionDays: 30 },
        protection: false,
      },
    ],
  ];
  it.each(cases)("let pass the program of %s, in preview and in the update", async (_title, stack, config) => {
    const recorded = await recordDelivery(config, stack);
    for (const view of ["preview", "update"] satisfies View[]) {
      const found = judged(examplesOf(recorded, view, stack), config, { view, stack });
      expect(found.map(({ message }) => message)).toEqual([]);
    }
    expect(recorded.resources.length).toBeGreaterThan(40);
  });

  it("refuse to judge by a config that is wrong, or by a stack whose documents nobody wrote", () => {
    const session = (config: object, stack = "prod") =>
      deliverySession({ stack, raw: rawDelivery({ ...CONFIG, ...config }), preview: true, now: NOW });
    expect(() => session({ accountId: "1" })).toThrow(/accountId/);
    expect(() => session({ stacks: ["pr-7"] })).toThrow(/stacks/);
    expect(() => documentsOf("pr-7")).toThrow("delivery/documents has 0 documents of stack pr-7");
  });
});
