import { TYPES } from "./aws/types.ts";
import type { Faults } from "./control-requests.ts";
import type { Fault } from "./scenario.ts";

/** AWS makes the cluster after everything that it needs, and everything else after it. */
const CLUSTER = "cluster-eks-eksCluster";

function around(summary: string, hold: Faults, at?: string): Fault {
  return { summary, faults: { hold, ...(at === undefined ? {} : { at }) } };
}

const THROTTLED = { code: "ThrottlingException", text: "Rate exceeded" };
const BROKEN = { code: "InternalFailure", text: "We encountered an internal error. Please try again." };
const EXPIRED = { code: "ExpiredToken", text: "The security token included in the request is expired" };
const NO_CAPACITY = {
  code: "InsufficientDBInstanceCapacity",
  text: "No Availability Zone has enough capacity for this DB instance class now",
};
const NOT_ALLOWED = {
  code: "AccessDenied",
  text:
    "User: arn:aws:sts::123456789012:assumed-role/sparki-deploy/ann is not authorized to perform: " +
    "elasticache:CreateReplicationGroup because no identity-based policy allows the action",
};

const clusterEnds = (ends: "late" | "failed", text: string) => ({ creations: [{ type: TYPES.cluster, ends, text }] });

const TOO_LONG = "timeout while waiting for state to become 'ACTIVE' (last state: 'CREATING', timeout: 30m0s)";
const NO_ADDRESSES =
  "unexpected state 'FAILED', wanted target 'ACTIVE'. last error: SubnetNotFound: not enough free addresses in the subnets";
const NO_CACHE =
  "unexpected state 'create-failed', wanted target 'available'. last error: the node type has no capacity in these zones";

/** What AWS, its credentials and the place of the state may do to a deployment, by the faults' ids. */
export const AWS_FAULTS: Readonly<Record<string, Fault>> = {
  F01: around("AWS throttles every call three times", { refused: [{ ...THROTTLED, times: 3 }] }),
  F02: around("AWS answers every call with a 5xx twice", { refused: [{ ...BROKEN, times: 2 }] }),
  F03: around("the cluster takes longer than its creation is waited for", clusterEnds("late", TOO_LONG)),
  F04: around("the cluster's creation fails at AWS", clusterEnds("failed", NO_ADDRESSES)),
  F05: around("AWS takes the database, but does not say how far it is", {
    refused: [{ type: TYPES.database, act: "describe", ...BROKEN }],
  }),
  F06: around("the creation of Redis fails at AWS", {
    creations: [{ type: TYPES.replicationGroup, ends: "failed", text: NO_CACHE }],
  }),
  F09: around("no zone has capacity for the database", {
    refused: [{ type: TYPES.database, act: "create", ...NO_CAPACITY }],
  }),
  F12: around("the state cannot be written", { state: "unwritable" }, "network-vpc"),
  F13: around("somebody else's lock is on the state", { state: "locked" }),
  F15: around("the credentials expire", { refused: [EXPIRED] }, CLUSTER),
  F16: around("the permission to create Redis is missing", {
    refused: [{ type: TYPES.replicationGroup, act: "create", ...NOT_ALLOWED }],
  }),
  F17: around(
    "somebody opens all ports of the database's security group by hand",
    { changed: [{ type: TYPES.ingressRule, having: { fromPort: 5432 }, to: { fromPort: 0, toPort: 65535 } }] },
    "promotion-record",
  ),
  F18: around("a new account may run five processors", { account: { vcpus: 5 } }),
  F19: around("the letters of this account's zones lead to one in which EKS makes no clusters", {
    account: { zoneNumbers: { "us-east-1": "321456" } },
  }),
  F20: around("no service has made its own role in the account yet", { account: { hasServiceRoles: false } }),
  F21: around("the internet gateway takes ten minutes", { slow: [{ type: TYPES.internetGateway, seconds: 600 }] }),
  F22: around("who deploys may not make clusters", { account: { denied: ["eks:CreateCluster"] } }),
};
