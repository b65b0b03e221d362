import { DEPLOYING_ROLE } from "../../../rehearsal/aws/services/eks.ts";
import { TYPES } from "../../../rehearsal/aws/types.ts";
import { text } from "../../../rehearsal/aws/values.ts";
import { cacheInputs, clusterInputs, databaseInputs, roleFor } from "./landscape.ts";
import type { Refusal } from "./refusal.ts";

/** What EKS, RDS and ElastiCache refuse. */
export const STATEFUL: readonly Refusal[] = [
  {
    what: "a cluster in a single zone",
    type: TYPES.cluster,
    inputs: async (account, land) => ({
      ...(await clusterInputs(account, land)),
      vpcConfig: { subnetIds: [land.subnets[0] ?? ""] },
    }),
    code: "InvalidParameterException",
    words: "at least two different AZs",
  },
  {
    what: "a cluster in a zone where EKS has no control plane, whatever its letter",
    type: TYPES.cluster,
    inputs: async (account, land) => {
      const inputs = { vpcId: land.vpc, cidrBlock: "10.40.32.0/20", availabilityZone: "us-east-1e" };
      const subnet = await account.create({ type: TYPES.subnet, name: "e", inputs });
      const subnetIds = [...land.subnets, subnet.id];
      return { ...(await clusterInputs(account, land)), vpcConfig: { subnetIds } };
    },
    code: "UnsupportedAvailabilityZoneException",
    words: "us-east-1e, the targeted availability zone",
  },
  {
    what: "storage that may not grow by a tenth",
    type: TYPES.database,
    inputs: async (account, land) => ({ ...(await databaseInputs(account, land)), maxAllocatedStorage: 54 }),
    code: "InvalidParameterCombination",
    words: "at least 10 % greater than the allocated storage, 50",
  },
  {
    what: "a cluster whose role EKS cannot assume",
    type: TYPES.cluster,
    inputs: async (account, land) => ({
      ...(await clusterInputs(account, land)),
      roleArn: await roleFor(account, "ec2.amazonaws.com"),
    }),
    code: "InvalidParameterException",
    words: "could not be assumed",
  },
  {
    what: "an add-on of a cluster that does not exist",
    type: TYPES.addon,
    inputs: { clusterName: "nowhere", addonName: "coredns" },
    code: "ResourceNotFoundException",
    words: "No cluster found for name: nowhere.",
  },
  {
    what: "the entry of who made a cluster, which EKS has made itself",
    type: TYPES.accessEntry,
    inputs: async (account, land) => {
      const accessConfig = { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: true };
      const inputs = { ...(await clusterInputs(account, land)), accessConfig };
      await account.create({ type: TYPES.cluster, name: "cluster", inputs });
      return {
        clusterName: text(inputs, "name") ?? "",
        principalArn: `arn:aws:iam::111122223333:role/${DEPLOYING_ROLE}`,
      };
    },
    code: "ResourceInUseException",
    words: "already in use on this cluster",
  },
  {
    what: "a database in a single zone",
    type: TYPES.databaseSubnetGroup,
    inputs: (_account, land) => ({ name: "one", subnetIds: [land.subnets[0] ?? ""] }),
    code: "DBSubnetGroupDoesNotCoverEnoughAZs",
    words: "Current AZ coverage: us-east-1a",
  },
  {
    what: "a database of the same name",
    type: TYPES.database,
    first: databaseInputs,
    inputs: (account) => account.world.ofType(TYPES.database)[0]?.inputs ?? {},
    code: "DBInstanceAlreadyExists",
    words: "DB instance already exists",
  },
  {
    what: "a database whose parameters are for another major version",
    type: TYPES.database,
    inputs: async (account, land) => {
      await account.create({
        type: TYPES.databaseParameterGroup,
        name: "p",
        inputs: { name: "p16", family: "postgres16" },
      });
      return { ...(await databaseInputs(account, land)), parameterGroupName: "p16" };
    },
    code: "InvalidParameterCombination",
    words: "DBParameterGroupFamily postgres17",
  },
  {
    what: "a database under a key that does not exist",
    type: TYPES.database,
    inputs: async (account, land) => ({
      ...(await databaseInputs(account, land)),
      storageEncrypted: true,
      kmsKeyId: "arn:aws:kms:us-east-1:111122223333:key/none",
    }),
    code: "KMSKeyNotAccessibleFault",
    words: "does not exist",
  },
  {
    what: "a database in a subnet group that does not exist",
    type: TYPES.database,
    inputs: async (account, land) => ({ ...(await databaseInputs(account, land)), dbSubnetGroupName: "other" }),
    code: "DBSubnetGroupNotFoundFault",
    words: "DBSubnetGroup 'other' not found.",
  },
  {
    what: "failover with a single node",
    type: TYPES.replicationGroup,
    inputs: async (account, land) => ({ ...(await cacheInputs(account, land)), numCacheClusters: 1 }),
    code: "InvalidParameterCombination",
    words: "at least two nodes",
  },
  {
    what: "a token with a slash",
    type: TYPES.replicationGroup,
    inputs: async (account, land) => ({ ...(await cacheInputs(account, land)), authToken: "0123456789/0123456789" }),
    code: "InvalidParameterValue",
    words: "Invalid AuthToken",
  },
  {
    what: "a token without TLS",
    type: TYPES.replicationGroup,
    inputs: async (account, land) => ({ ...(await cacheInputs(account, land)), transitEncryptionEnabled: false }),
    code: "InvalidParameterCombination",
    words: "encryption-in-transit",
  },
  {
    what: "a topic of another account",
    type: TYPES.replicationGroup,
    inputs: async (account, land) => ({
      ...(await cacheInputs(account, land)),
      notificationTopicArn: "arn:aws:sns:us-east-1:999999999999:cache-events-sparki",
    }),
    code: "InvalidParameterValue",
    words: "does not exist or is not owned by this account",
  },
];
