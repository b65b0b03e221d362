import type { EC2Client, IpPermission } from "@aws-sdk/client-ec2";
import { DeployError } from "../shared/deploy-error.ts";
import { type AwsClientOptions, asked, clientSettings, unlessLater } from "./aws-client.ts";
import type { Copy, Leftover } from "./restored-copies.ts";

/** Whose copies they are, and how AWS is reached. */
export interface CopiesOwner extends AwsClientOptions {
  readonly stack: string;
  /** No other account is ever asked for anything that it makes. */
  readonly accountId: string;
  readonly owner: string;
}

const TAG = "sparki-drill";
const UNTIL_TAG = `${TAG}-until`;
const BY_TAG = `${TAG}-by`;
const UPGRADE_TAG = `${TAG}-upgrade`;

interface Tag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

export type Tags = ReadonlyMap<string, string>;

export function tagsIn(tags: readonly Tag[]): Tags {
  return new Map(tags.map(({ Key = "", Value = "" }) => [Key, Value]));
}

/** Whether a drill of the stack made what has these tags. */
export function isMarked(tags: Tags, { stack }: CopiesOwner): boolean {
  return tags.get(TAG) === stack;
}

/** By which a copy and what belongs to it are found again. */
export function marks(owner: CopiesOwner, { name, until, by, upgradeTo }: Copy) {
  const more: Readonly<Record<string, string>> = {
    [UNTIL_TAG]: new Date(until * 1000).toISOString(),
    [BY_TAG]: by.replace(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, "_").slice(0, 200),
    ...(upgradeTo === undefined ? {} : { [UPGRADE_TAG]: upgradeTo }),
  };
  return ownMarks(owner, name, more);
}

/** The same of what belongs to a copy alone, and ends with it. */
export function ownMarks({ stack, owner }: CopiesOwner, name: string, more: Readonly<Record<string, string>> = {}) {
  const tags = { project: "sparki", stack, owner, Name: name, [TAG]: stack, ...more };
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** A mark that cannot be read is of a drill that may still run. */
export function leftoverOf(name: string, tags: Tags): Leftover {
  const until = Date.parse(tags.get(UNTIL_TAG) ?? "") / 1000;
  return {
    name,
    until: Number.isNaN(until) ? Number.MAX_SAFE_INTEGER / 1000 : until,
    by: tags.get(BY_TAG) ?? "somebody",
  };
}

/** The security groups of copies, one for each, which let nobody in until an address is admitted, and nothing out. */
export class CopyGroups {
  readonly #ec2: EC2Client;
  readonly #module: typeof import("@aws-sdk/client-ec2");
  readonly #owner: CopiesOwner;

  private constructor(module: typeof import("@aws-sdk/client-ec2"), owner: CopiesOwner) {
    this.#module = module;
    this.#ec2 = new module.EC2Client(clientSettings(owner));
    this.#owner = owner;
  }

  static async open(owner: CopiesOwner): Promise<CopyGroups> {
    return new CopyGroups(await import("@aws-sdk/client-ec2"), owner);
  }

  close(): void {
    this.#ec2.destroy();
  }

  /** Those of the stack's drills whose names begin so. */
  async leftovers(prefix: string): Promise<Leftover[]> {
    const marked = await this.#groups({ Name: `tag:${TAG}`, Values: [this.#owner.stack] });
    return marked.filter(({ name }) => name.startsWith(prefix)).map(({ name, tags }) => leftoverOf(name, tags));
  }

  /** Makes the copy's group, and answers with its id; safe to repeat. */
  async create(copy: Copy, { vpcId, what }: { readonly vpcId: string | undefined; readonly what: string }) {
    const tags = [{ ResourceType: "security-group" as const, Tags: marks(this.#owner, copy) }];
    const command = new this.#module.CreateSecurityGroupCommand({
      GroupName: copy.name,
      Description: `The restored ${what} of a drill of ${this.#owner.stack}: only the check may connect`,
      VpcId: vpcId,
      TagSpecifications: tags,
    });
    const made = await asked(`make security group ${copy.name}`, () => this.#ec2.send(command));
    const group = await this.#groupOf(copy.name);
    const id = made?.GroupId ?? group?.id;
    if (id === undefined) throw new DeployError("SPARKI_OUTSIDE", `AWS made no security group ${copy.name}`);
    await this.#closeOutgoing(id, group?.egress);
    return id;
  }

  /** Lets one address reach one port of the copy. */
  async admit(name: string, address: string, port: number): Promise<void> {
    const group = await this.#groupOf(name);
    if (group === undefined) throw new DeployError("SPARKI_OUTSIDE", `${name} has no security group of its own`);
    const range = { CidrIp: `${address}/32`, Description: "The check of a restore drill" };
    const permission = { IpProtocol: "tcp", FromPort: port, ToPort: port, IpRanges: [range] };
    const command = new this.#module.AuthorizeSecurityGroupIngressCommand({
      GroupId: group.id,
      IpPermissions: [permission],
    });
    await asked(`allow the check's access to ${name}`, () => this.#ec2.send(command));
  }

  /** Whether the copy's marks say that it was to be upgraded. */
  async isForUpgrade(name: string): Promise<boolean> {
    return (await this.#groupOf(name))?.tags.has(UPGRADE_TAG) === true;
  }

  /** True once there is none of the name. */
  async remove(name: string): Promise<boolean> {
    const group = await this.#groupOf(name);
    if (group === undefined) return true;
    const command = new this.#module.DeleteSecurityGroupCommand({ GroupId: group.id });
    return unlessLater(`delete security group ${name}`, () => this.#ec2.send(command));
  }

  async #groupOf(name: string) {
    const named = await this.#groups({ Name: "group-name", Values: [name] });
    return named.find((each) => each.name === name && isMarked(each.tags, this.#owner));
  }

  async #groups(filter: { readonly Name: string; readonly Values: string[] }) {
    const command = new this.#module.DescribeSecurityGroupsCommand({ Filters: [filter] });
    const answer = await asked("list the security groups", () => this.#ec2.send(command));
    return (answer?.SecurityGroups ?? []).flatMap(
      ({ GroupId: id, GroupName: name = "", Tags = [], IpPermissionsEgress = [] }) => {
        return id === undefined ? [] : [{ id, name, tags: tagsIn(Tags), egress: IpPermissionsEgress }];
      },
    );
  }

  /** AWS lets everything out of a group that it makes. */
  async #closeOutgoing(
    id: string,
    egress: readonly IpPermission[] = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
  ): Promise<void> {
    if (egress.length === 0) return;
    const command = new this.#module.RevokeSecurityGroupEgressCommand({ GroupId: id, IpPermissions: [...egress] });
    await asked(`remove the default rules of security group ${id}`, () => this.#ec2.send(command));
  }
}
