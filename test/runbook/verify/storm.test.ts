import { CHECKLIST } from "../../../runbook/preflight/checklist.ts";
import { NOT_YET } from "../../../runbook/preflight/storm.ts";
import { storm } from "../../../runbook/verify/checks/serving.ts";
import { configWith, fakeContext, fakeState, look } from "../../support/preflight.ts";
import { fakeVerify } from "../../support/verify.ts";

const { storm: urls } = configWith({});
const inCluster = configWith({ storm: { ...urls, inCluster: true } });
const release = { urn: "urn::x::kubernetes:helm.sh/v3:Release::engine-fleet", type: "kubernetes:helm.sh/v3:Release" };
const deployed = fakeState([{ ...release, custom: true, inputs: {}, outputs: {} }]);
const watching = CHECKLIST.filter(({ group }) => group === "Observability");

describe("Storm in the stack's own cluster", () => {
  it.each(watching.map((check) => [check.title, check] as const))(
    "is not asked for by %s before the first deployment, which says so (W33)",
    async (_, check) => {
      const context = fakeContext({ config: inCluster });
      expect(await look(check, context)).toEqual({ status: "skipped", reason: NOT_YET });
      expect(context.requests).toEqual([]);
    },
  );

  it("is asked for once the cluster is there, and where it runs elsewhere from the first deployment on", async () => {
    const [first] = watching;
    if (first === undefined) throw new Error("nothing watches");
    expect((await look(first, fakeContext({ config: inCluster, state: deployed })).catch(String)).toString()).toContain(
      "ECONNREFUSED",
    );
    expect((await look(first, fakeContext()).catch(String)).toString()).toContain("ECONNREFUSED");
  });
});

describe("the verification of Storm", () => {
  const signal = new AbortController().signal;

  it("looks after the deployment at what could not be checked before it", async () => {
    const context = {
      ...fakeVerify({ config: inCluster }),
      http: async () => ({ answered: false, error: "refused", seconds: 0 }) as const,
    };
    await expect(storm.run(context, signal)).rejects.toThrow("refused");
  });

  it("leaves a Storm that runs elsewhere to the checklist", async () => {
    expect(await storm.run(fakeVerify({}), signal)).toMatchObject({ status: "skipped" });
  });
});
