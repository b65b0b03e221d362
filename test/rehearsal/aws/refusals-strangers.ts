import { TYPES } from "../../../rehearsal/aws/types.ts";
import type { Properties } from "../../../rehearsal/provider/properties.ts";
import type { Account } from "./account.ts";
import { clusterInputs, hostedZone, type Landscape, roleFor } from "./landscape.ts";
import type { Refused } from "./refusals-outsiders.ts";

const make = async (account: Account, type: string, name: string, inputs: Properties) =>
  (await account.create({ type, name, inputs })).id;

const NAME = { name: "a.test.sparki.tools", type: "A" };
const ADDRESS = { ...NAME, ttl: 60, records: ["203.0.113.1"] };

/** A record beside one that already exists. */
const beside = (first: Properties, second: Properties) => async (account: Account) => {
  const zoneId = await hostedZone(account);
  await make(account, TYPES.record, "first", { zoneId, ...ADDRESS, setIdentifier: "one", ...first });
  return { zoneId, ...ADDRESS, setIdentifier: "two", ...second };
};

const rule = (first: Properties, second: Properties) => async (account: Account, land: Landscape) => {
  const wanted = { securityGroupId: land.securityGroup, fromPort: 443, toPort: 443, cidrIpv4: "10.0.0.0/8" };
  await make(account, TYPES.ingressRule, "first", { ...wanted, ...first });
  return { ...wanted, ...second };
};

/** An access entry of a cluster that reads them or does not. */
const entry = (authenticationMode: string, principalArn?: string) => async (account: Account, land: Landscape) => {
  const inputs = { ...(await clusterInputs(account, land)), accessConfig: { authenticationMode } };
  await make(account, TYPES.cluster, "cluster", inputs);
  return { clusterName: "sparki-test", principalArn: principalArn ?? (await roleFor(account, "ec2.amazonaws.com")) };
};

const alias = (name: string) => async (account: Account) => {
  const zoneId = await hostedZone(account);
  await make(account, TYPES.record, "first", { zoneId, ...ADDRESS });
  const aliases = [{ name, zoneId, evaluateTargetHealth: false }];
  return { zoneId, name: "b.test.sparki.tools", type: "A", aliases };
};

/** What lies between resources and was let through at first, of the list of someone who had not read the models. */
export const STRANGERS: readonly Refused[] = [
  {
    what: "a record by weight beside one by latency",
    type: TYPES.record,
    inputs: beside({ latencyRoutingPolicies: [{ region: "us-east-1" }] }, { weightedRoutingPolicies: [{ weight: 1 }] }),
  },
  {
    what: "a second record to fail over to",
    type: TYPES.record,
    inputs: beside(
      { failoverRoutingPolicies: [{ type: "SECONDARY" }] },
      { failoverRoutingPolicies: [{ type: "SECONDARY" }] },
    ),
  },
  {
    what: "a second record for a region",
    type: TYPES.record,
    inputs: beside(
      { latencyRoutingPolicies: [{ region: "us-east-1" }] },
      { latencyRoutingPolicies: [{ region: "us-east-1" }] },
    ),
  },
  {
    what: "a second record for a country",
    type: TYPES.record,
    inputs: beside(
      { geolocationRoutingPolicies: [{ country: "DE" }] },
      { geolocationRoutingPolicies: [{ country: "DE" }] },
    ),
  },
  {
    what: "a group's rule again, by its protocol's number",
    type: TYPES.ingressRule,
    inputs: rule({ ipProtocol: "tcp" }, { ipProtocol: "6" }),
  },
  {
    what: "an entry of a cluster that reads its ConfigMap alone",
    type: TYPES.accessEntry,
    inputs: entry("CONFIG_MAP"),
  },
  { what: "an alias of a record that is not there", type: TYPES.record, inputs: alias("c.test.sparki.tools") },
];

/** What AWS takes beside those. */
export const STRANGERS_TAKEN: readonly Refused[] = [
  {
    what: "two records by weight",
    type: TYPES.record,
    inputs: beside({ weightedRoutingPolicies: [{ weight: 1 }] }, { weightedRoutingPolicies: [{ weight: 1 }] }),
  },
  {
    what: "records of two places in one country",
    type: TYPES.record,
    inputs: beside(
      { geolocationRoutingPolicies: [{ country: "US" }] },
      { geolocationRoutingPolicies: [{ country: "US", subdivision: "NY" }] },
    ),
  },
  {
    what: "a group's rule over another protocol",
    type: TYPES.ingressRule,
    inputs: rule({ ipProtocol: "tcp" }, { ipProtocol: "17" }),
  },
  {
    what: "an entry of a role of the account's people",
    type: TYPES.accessEntry,
    inputs: entry("API", "arn:aws:iam::111122223333:role/ops"),
  },
  {
    what: "an entry of another account's role",
    type: TYPES.accessEntry,
    inputs: entry("API", "arn:aws:iam::444455556666:role/ops"),
  },
  { what: "an entry where both count", type: TYPES.accessEntry, inputs: entry("API_AND_CONFIG_MAP") },
  { what: "an alias of a record beside it", type: TYPES.record, inputs: alias("a.test.sparki.tools") },
  {
    what: "an alias of a distribution",
    type: TYPES.record,
    inputs: async (account) => ({
      zoneId: await hostedZone(account),
      ...NAME,
      aliases: [{ name: "d111111abcdef8.cloudfront.net", zoneId: "Z2FDTNDATAQYW2", evaluateTargetHealth: false }],
    }),
  },
];
