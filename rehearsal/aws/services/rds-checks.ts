import { AwsError } from "../aws-error.ts";
import type { Draft } from "../model.ts";
import { TYPES } from "../types.ts";
import { flag, number, text, texts } from "../values.ts";
import type { World } from "../world.ts";
import { vpcAt } from "./rds-groups.ts";

const RESERVED_USERS = ["admin"];

/** Throws what RDS answers to settings of a DB instance that do not fit together. */
export function checkDatabase(draft: Draft, world: World): void {
  checkEngine(draft, world);
  checkCredentials(draft);
  checkNetwork(draft, world);
  if ((number(draft.inputs, "monitoringInterval") ?? 0) > 0 && text(draft.inputs, "monitoringRoleArn") === undefined) {
    const words = "A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.";
    throw new AwsError("InvalidParameterCombination", words);
  }
  const storage = number(draft.inputs, "allocatedStorage") ?? 0;
  const limit = number(draft.inputs, "maxAllocatedStorage");
  const isMadeOfAnother = ["replicateSourceDb", "snapshotIdentifier"].some(
    (name) => text(draft.inputs, name) !== undefined,
  );
  if (storage < 20 && !isMadeOfAnother)
    throw new AwsError("InvalidParameterValue", `Invalid storage size for engine name postgres: ${storage}`);
  if (limit !== undefined && limit !== 0 && limit * 10 < storage * 11)
    throw new AwsError(
      "InvalidParameterCombination",
      `Invalid max storage size for engine name postgres and storage type gp3: ${limit}. It must be at least 10 % greater than the allocated storage, ${storage}`,
    );
}

function checkEngine({ inputs }: Draft, world: World): void {
  const engine = text(inputs, "engine");
  if (engine !== "postgres") return;
  const major = (text(inputs, "engineVersion") ?? "17").split(".")[0];
  const group = world.get(TYPES.databaseParameterGroup, text(inputs, "parameterGroupName") ?? "");
  const family = group === undefined ? undefined : text(group.inputs, "family");
  if (family === undefined || family === `postgres${major}`) return;
  const words = `The parameter group ${group?.id} with DBParameterGroupFamily ${family} can't be used for this instance. Please use a Parameter Group with DBParameterGroupFamily postgres${major}.`;
  throw new AwsError("InvalidParameterCombination", words);
}

function checkCredentials({ inputs }: Draft): void {
  const username = text(inputs, "username") ?? "";
  if (RESERVED_USERS.includes(username) || /^(rds|pg_)/.test(username)) {
    const words = `MasterUsername ${username} cannot be used as it is a reserved word used by the engine`;
    throw new AwsError("InvalidParameterValue", words);
  }
  if (flag(inputs, "manageMasterUserPassword") && text(inputs, "password") !== undefined) {
    const words = "You can't specify MasterUserPassword when ManageMasterUserPassword is enabled.";
    throw new AwsError("InvalidParameterCombination", words);
  }
}

function checkNetwork({ inputs }: Draft, world: World): void {
  const group = world.get(TYPES.databaseSubnetGroup, text(inputs, "dbSubnetGroupName") ?? "");
  if (group === undefined) return;
  const vpcId = vpcAt(group, "subnetIds", world);
  for (const id of texts(inputs, "vpcSecurityGroupIds")) {
    if (text(world.get(TYPES.securityGroup, id)?.inputs ?? {}, "vpcId") === vpcId) continue;
    const words = `The DB instance and EC2 security group ${id} are in different VPCs. The DB instance is in ${vpcId}`;
    throw new AwsError("InvalidVPCNetworkStateFault", words);
  }
}
