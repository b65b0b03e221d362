import {
  type Checked,
  type CheckRequest,
  type Created,
  type CreateRequest,
  type Difference,
  type DiffRequest,
  differenceOf,
  type Outputs,
  type ProviderModel,
  type Read,
  type ReadRequest,
  type UpdateRequest,
} from "../../rehearsal/provider/model.ts";

import { UNKNOWN } from "../../shared/engine-values.ts";

/** What Pulumi Cloud's provider requires of each resource, by its schema of 1.3.0; of other types it makes none here. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  AgentPool: ["name", "organizationName"],
  DeploymentSchedule: ["organization", "project", "pulumiOperation", "stack"],
  DeploymentSettings: ["organization", "project", "stack"],
  DriftSchedule: ["organization", "project", "scheduleCron", "stack"],
  Environment: ["name", "organization", "yaml"],
  Stack: ["organizationName", "projectName", "stackName"],
  TtlSchedule: ["organization", "project", "stack", "timestamp"],
  Webhook: ["active", "displayName", "organizationName", "payloadUrl"],
};

/** The token of every pool: no state may hold it in plain text. */
export const RUNNER_TOKEN = "pul-recognisable-runner-token";

/** Stands in for Pulumi Cloud's provider: it keeps what it is given, and holds what is made by name. */
export class PulumiServiceProvider implements ProviderModel {
  readonly name = "pulumiservice";
  readonly version = "1.3.0";
  readonly made = new Map<string, string>();

  check({ type, news }: CheckRequest): Checked {
    const required = REQUIRED[kindOf(type)];
    if (required === undefined) throw new Error(`Pulumi Cloud's provider knows no ${type}`);
    const failures = required
      .filter((property) => news[property] === undefined)
      .map((property) => ({ property, reason: "is required" }));
    return { inputs: news, failures };
  }

  diff({ oldInputs, news }: DiffRequest): Difference {
    return differenceOf(oldInputs, news, []);
  }

  create({ type, name, inputs, preview }: CreateRequest): Created {
    const isPool = kindOf(type) === "AgentPool";
    const told = { agentPoolId: preview ? UNKNOWN : "pool-1", tokenValue: preview ? UNKNOWN : RUNNER_TOKEN };
    if (!preview) this.made.set(name, kindOf(type));
    return {
      id: name,
      properties: { ...inputs, ...(isPool && told) },
      ...(isPool && { secrets: [["tokenValue"]] }),
    };
  }

  update({ olds, inputs }: UpdateRequest): Outputs {
    return { properties: { ...olds, ...inputs } };
  }

  read({ id, inputs, properties }: ReadRequest): Read {
    return { id, inputs, properties };
  }

  delete({ name }: { readonly name: string }): void {
    this.made.delete(name);
  }
}

/** The last part of a type: `pulumiservice:index:Stack` is a Stack. */
const kindOf = (type: string) => type.split(":").at(-1) ?? type;
