import { setTimeout as sleep } from "node:timers/promises";
import type { EC2Client, IpPermission } from "@aws-sdk/client-ec2";
import { DeployError } from "../shared/deploy-error.ts";
import { type AwsClientOptions, asked, clientSettings, codeOf, refusal, unlessLater } from "./aws-client.ts";
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
    await settled(`make security group ${copy.name}`, () => this.#ec2.send(command), DUPLICATE);
    // Only what AWS shows of it says which rules it was given.
    const group = await this.#shown(copy.name);
    if (group === undefined)
      throw new DeployError("SPARKI_OUTSIDE", `AWS does not show the security group ${copy.name} that it made`);
    await this.#closeOutgoing(group);
    return group.id;
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
    await settled(`allow the check's access to ${name}`, () => this.#ec2.send(command), DUPLICATE);
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

  async #groupOf(name: string): Promise<Group | undefined> {
    const named = await this.#groups({ Name: "group-name", Values: [name] });
    return named.find((each) => each.name === name && isMarked(each.tags, this.#owner));
  }

  async #groups(filter: { readonly Name: string; readonly Values: string[] }): Promise<Group[]> {
    const command = new this.#module.DescribeSecurityGroupsCommand({ Filters: [filter] });
    const answer = await asked("list the security groups", () => this.#ec2.send(command));
    return (answer?.SecurityGroups ?? []).flatMap(
      ({ GroupId: id, GroupName: name = "", Tags = [], IpPermissionsEgress = [] }) => {
        return id === undefined ? [] : [{ id, name, tags: tagsIn(Tags), egress: IpPermissionsEgress }];
      },
    );
  }

  /** A group that was made just now, as soon as AWS shows it; undefined where it does not. */
  async #shown(name: string): Promise<Group | undefined> {
    for (const seconds of [...PAUSES, undefined]) {
      const group = await this.#groupOf(name);
      if (group !== undefined || seconds === undefined) return group;
      await sleep(seconds * 1_000);
    }
    return undefined;
  }

  /** AWS lets everything out of a group that it makes. */
  async #closeOutgoing({ id, egress }: Group): Promise<void> {
    if (egress.length === 0) return;
    const command = new this.#module.RevokeSecurityGroupEgressCommand({ GroupId: id, IpPermissions: [...egress] });
    const what = `remove the default rules of security group ${id}`;
    await settled(what, () => this.#ec2.send(command), /^InvalidPermission\.NotFound$/);
  }
}

interface Group {
  readonly id: string;
  readonly name: string;
  readonly tags: Tags;
  readonly egress: readonly IpPermission[];
}

/** In seconds: what EC2 has made is not known to all of it at once. */
const PAUSES: readonly number[] = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8];
const NOT_YET = /^InvalidGroup\.NotFound$/;
/** What was asked for twice, because the first answer was lost, is there. */
const DUPLICATE = /^Invalid(?:Group|Permission)\.Duplicate$/;

/**
 * What EC2 answers about a group that is there, asked again while EC2 does not know it yet; undefined where it says that
 * this was done before. Throws SPARKI_OUTSIDE otherwise: what was not done to a group is never taken for done.
 */
async function settled<T>(what: string, call: () => Promise<T>, done: RegExp): Promise<T | undefined> {
  for (const seconds of [...PAUSES, undefined]) {
    try {
      return await call();
    } catch (cause) {
      const code = codeOf(cause);
      if (done.test(code)) return undefined;
      if (seconds === undefined || !NOT_YET.test(code)) throw refusal(what, cause);
      await sleep(seconds * 1_000);
    }
  }
  return undefined;
}
