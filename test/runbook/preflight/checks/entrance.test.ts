import { entrance } from "../../../../runbook/preflight/checks/names.ts";
import { configWith, fakeContext, fakeState, look, promotionOf } from "../../../support/preflight.ts";

const promotion = promotionOf(configWith({}).release);
const type = "aws:route53/record:Record";
const cutover = { ...promotion, urn: `urn:pulumi:prod::sparki::sparki:apps:Cutover$${type}::cutover-record`, type };
const state = fakeState([promotion, cutover]);
const URL = "https://prod.sparki.tools/health";

describe("entrance", () => {
  it("passes when what is live answers, asked as a synthetic request", async () => {
    const context = fakeContext({ state, web: { [`GET ${URL}`]: {} } });
    expect(await look(entrance, context)).toEqual({ status: "pass", reason: `${URL} answered 200` });
    expect(context.requests[0]?.headers).toEqual({ "x-sparki-synthetic": "1" });
  });

  it.each([
    ["nothing was promoted", []],
    ["a promoted release waits for its cutover: the deployment that makes it must not be refused", [promotion]],
  ])("is skipped while %s", async (_, resources) => {
    const context = fakeContext({ state: fakeState(resources) });
    expect(await look(entrance, context)).toEqual({
      status: "skipped",
      reason: "the domain does not point to this stack yet",
    });
  });

  it("is skipped where the domain points here and nothing is live: a lost cluster is being made again", async () => {
    const web = { [`GET ${URL}`]: { status: 503 } };
    expect(await look(entrance, fakeContext({ state: fakeState([cutover]), web }))).toEqual({
      status: "skipped",
      reason: "nothing is live by the state: the deployment promotes first",
    });
  });

  it.each([
    ["does not answer", {}, `${URL}: connect ECONNREFUSED`],
    ["answers badly", { [`GET ${URL}`]: { status: 503 } }, `${URL} answered 503`],
  ])("fails when it %s", async (_, web, reason) => {
    expect(await look(entrance, fakeContext({ state, web }))).toEqual({
      status: "fail",
      reason,
      fix: expect.stringContaining("npx sparki verify --stack prod"),
    });
  });
});
