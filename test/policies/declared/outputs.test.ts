import { declaredOnly } from "../../../policies/declared-only.ts";
import { UNKNOWN } from "../../../shared/engine-values.ts";
import { judge, thing } from "../../support/policy-fixtures.ts";

const GOOD = {
  url: "https://prod.sparki.tools",
  nameServers: ["ns-1.awsdns-00.com"],
  loadBalancer: { arn: "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/a/b", dnsName: "a.elb" },
  cluster: { name: "sparki-prod" },
  kubeconfig: "{}",
  database: { host: "db", port: 5432, name: "sparki" },
  cache: { host: "cache", port: 6379 },
  gates: [],
};
/** The stack's inputs are none. */
const ofOutputs = { ...declaredOnly, each: [] };
const said = (outputs: object) =>
  judge([ofOutputs], [thing("pulumi:pulumi:Stack", { ...outputs }).named("sparki-prod")]).map(
    ({ property }) => property,
  );

describe("the stack's outputs", () => {
  it.each([
    ["the contract's", GOOD],
    ["fewer, as in a preview that stopped", { url: GOOD.url }],
    ["what preview does not know", { ...GOOD, url: UNKNOWN, database: { ...GOOD.database, host: UNKNOWN } }],
  ])("lets pass %s", (_, outputs) => expect(said(outputs)).toEqual([]));

  it.each([
    ["a password", { ...GOOD, password: "hunter2" }, "password"],
    ["one that is not known yet", { ...GOOD, evil: UNKNOWN }, "evil"],
    ["more in one of the contract's", { ...GOOD, database: { ...GOOD.database, password: "hunter2" } }, "database"],
    ["more, deep in a list", { ...GOOD, gates: [{ gate: "a", secret: "hunter2" }] }, "gates"],
    ["another site's address", { ...GOOD, url: "https://evil.example" }, "url"],
    ["another form", { ...GOOD, nameServers: [{ a: "b" }] }, "nameServers"],
  ])("refuses %s", (_, outputs, path) => {
    expect(said(outputs)).toEqual([expect.stringContaining(`output ${path} (declared: `)]);
  });
});
