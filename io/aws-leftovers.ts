import type { EC2Client, Tag as Ec2Tag } from "@aws-sdk/client-ec2";
import type { RDSClient, Tag } from "@aws-sdk/client-rds";
import { DeployError } from "../shared/deploy-error.ts";
import { type AwsClientOptions, asked, clientSettings, listed } from "./aws-client.ts";

/** Something in the account that carries the stack's tags. */
export interface Leftover {
  readonly kind: "database-instance" | "database-snapshot" | "volume" | "address";
  /** By which AWS deletes it. */
  readonly id: string;
  /** By which Pulumi's state would know it. */
  readonly stateId: string;
  /** In seconds since 1970; undefined where AWS does not say. */
  readonly createdAt: number | undefined;
  readonly gib: number | undefined;
  /** Of an instance. */
  readonly instanceClass?: string;
  readonly multiZone?: boolean;
  /** Of an instance, AWS's own word. */
  readonly status?: string;
}

/** What may be left of a stack at AWS: nothing that is attached, associated or without the stack's tags. */
export interface Leftovers {
  list(): Promise<readonly Leftover[]>;
  /**
   * Deletes it; of an instance RDS keeps a final snapshot, named after it. Looks first whether it is still as it was
   * listed, and throws SPARKI_OUTSIDE where it is not, or AWS refuses.
   */
  remove(leftover: Leftover): Promise<void>;
}

export interface AwsLeftoversOptions extends AwsClientOptions {
  readonly stack: string;
  /** No other account is ever asked to delete anything. */
  readonly accountId: string;
}

interface Aws {
  readonly rds: RDSClient;
  readonly ec2: EC2Client;
  readonly rdsModule: typeof import("@aws-sdk/client-rds");
  readonly ec2Module: typeof import("@aws-sdk/client-ec2");
  readonly options: AwsLeftoversOptions;
}

/** What of a stack is at AWS itself. */
export async function openAwsLeftovers(options: AwsLeftoversOptions): Promise<Leftovers & { close(): void }> {
  const [rdsModule, ec2Module] = await Promise.all([import("@aws-sdk/client-rds"), import("@aws-sdk/client-ec2")]);
  const settings = clientSettings(options);
  const [rds, ec2] = [new rdsModule.RDSClient(settings), new ec2Module.EC2Client(settings)];
  const aws: Aws = { rds, ec2, rdsModule, ec2Module, options };
  return {
    list: async () => (await Promise.all(Object.values(LISTS).map((list) => list(aws)))).flat(),
    remove: async (leftover) => {
      const again = await LISTS[leftover.kind](aws);
      if (!again.some(({ id }) => id === leftover.id))
        throw new DeployError("SPARKI_OUTSIDE", `${leftover.id} is no longer as it was listed; nothing was deleted`);
      await remove(aws, leftover);
    },
    close: () => {
      rds.destroy();
      ec2.destroy();
    },
  };
}

const LISTS: Readonly<Record<Leftover["kind"], (aws: Aws) => Promise<readonly Leftover[]>>> = {
  "database-instance": instances,
  "database-snapshot": snapshots,
  volume: volumes,
  address: addresses,
};

function isOwn(tags: readonly (Tag | Ec2Tag)[] | undefined, { stack }: AwsLeftoversOptions): boolean {
  const has = (key: string, value: string) => tags?.some((tag) => tag.Key === key && tag.Value === value) === true;
  return has("project", "sparki") && has("stack", stack);
}

/** Whether an ARN is of the stack's own account: credentials may be of another. */
function isInAccount(arn: string | undefined, { accountId }: AwsLeftoversOptions): boolean {
  return arn?.split(":")[4] === accountId;
}

async function instances({ rds, rdsModule, options }: Aws): Promise<Leftover[]> {
  const all = await listed("database instances", async (more) => {
    const answer = await asked("list the database instances", () =>
      rds.send(new rdsModule.DescribeDBInstancesCommand(more)),
    );
    return { items: answer?.DBInstances, marker: answer?.Marker };
  });
  return all.flatMap((found) => {
    const { DBInstanceIdentifier: id, DbiResourceId: stateId, InstanceCreateTime: at } = found;
    if (id === undefined || stateId === undefined || !isOwn(found.TagList, options)) return [];
    if (!id.startsWith(`sparki-${options.stack}-`) || !isInAccount(found.DBInstanceArn, options)) return [];
    return {
      ...{ kind: "database-instance", id, stateId, createdAt: secondsOf(at), gib: found.AllocatedStorage },
      ...(found.DBInstanceClass === undefined ? {} : { instanceClass: found.DBInstanceClass }),
      ...(found.DBInstanceStatus === undefined ? {} : { status: found.DBInstanceStatus }),
      multiZone: found.MultiAZ === true,
    } as const;
  });
}

async function snapshots({ rds, rdsModule, options }: Aws): Promise<Leftover[]> {
  const all = await listed("snapshots", async (more) => {
    const command = new rdsModule.DescribeDBSnapshotsCommand({ ...more, SnapshotType: "manual" });
    const answer = await asked("list the manual snapshots", () => rds.send(command));
    return { items: answer?.DBSnapshots, marker: answer?.Marker };
  });
  return all.flatMap((found) => {
    const { DBSnapshotIdentifier: id, DBSnapshotArn: arn, SnapshotCreateTime: at, AllocatedStorage: gib } = found;
    const isReady = found.Status === "available" && found.SnapshotType === "manual";
    if (id === undefined || !isReady || !isOwn(found.TagList, options) || !isInAccount(arn, options)) return [];
    return { kind: "database-snapshot", id, stateId: id, createdAt: secondsOf(at), gib } as const;
  });
}

function ownTags({ stack }: AwsLeftoversOptions) {
  return [
    { Name: "tag:project", Values: ["sparki"] },
    { Name: "tag:stack", Values: [stack] },
  ];
}

async function volumes({ ec2, ec2Module, options }: Aws): Promise<Leftover[]> {
  const Filters = [...ownTags(options), { Name: "status", Values: ["available"] }];
  const all = await listed("volumes", async ({ Marker }) => {
    const command = new ec2Module.DescribeVolumesCommand({ Filters, ...(Marker && { NextToken: Marker }) });
    const answer = await asked("list the volumes", () => ec2.send(command));
    return { items: answer?.Volumes, marker: answer?.NextToken };
  });
  return all.flatMap(({ VolumeId: id, State, Attachments = [], CreateTime: at, Size: gib, Tags }) => {
    if (id === undefined || State !== "available" || Attachments.length > 0 || !isOwn(Tags, options)) return [];
    return { kind: "volume", id, stateId: id, createdAt: secondsOf(at), gib } as const;
  });
}

/** AWS does not say since when an address is kept. */
async function addresses({ ec2, ec2Module, options }: Aws): Promise<Leftover[]> {
  const command = new ec2Module.DescribeAddressesCommand({ Filters: ownTags(options) });
  const answer = await asked("list the addresses", () => ec2.send(command));
  return (answer?.Addresses ?? []).flatMap((found) => {
    const { AllocationId: id, AssociationId, InstanceId, NetworkInterfaceId, Tags } = found;
    const isFree = [AssociationId, InstanceId, NetworkInterfaceId].every((each) => !each);
    if (id === undefined || !isFree || !isOwn(Tags, options)) return [];
    return { kind: "address", id, stateId: id, createdAt: undefined, gib: undefined } as const;
  });
}

async function remove({ rds, ec2, rdsModule, ec2Module }: Aws, { kind, id }: Leftover): Promise<void> {
  const what = `delete ${id}`;
  if (kind === "volume") await asked(what, () => ec2.send(new ec2Module.DeleteVolumeCommand({ VolumeId: id })));
  else if (kind === "address")
    await asked(what, () => ec2.send(new ec2Module.ReleaseAddressCommand({ AllocationId: id })));
  else if (kind === "database-snapshot")
    await asked(what, () => rds.send(new rdsModule.DeleteDBSnapshotCommand({ DBSnapshotIdentifier: id })));
  else {
    const open = { DBInstanceIdentifier: id, DeletionProtection: false, ApplyImmediately: true };
    await asked(`unprotect ${id}`, () => rds.send(new rdsModule.ModifyDBInstanceCommand(open)));
    const deletion = {
      DBInstanceIdentifier: id,
      FinalDBSnapshotIdentifier: `${id}-final`,
      DeleteAutomatedBackups: false,
    };
    await asked(what, () => rds.send(new rdsModule.DeleteDBInstanceCommand(deletion)));
  }
}

function secondsOf(time: Date | undefined): number | undefined {
  return time === undefined ? undefined : time.getTime() / 1000;
}
