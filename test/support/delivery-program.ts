import * as pulumi from "@pulumi/pulumi";
import { type Recorded, record } from "./recorder.ts";

export const ACCOUNT = "111122223333";
/** Of production's account, with everything that is switched on in it. */
export const CONFIG = {
  owner: "platform-engineering",
  accountId: ACCOUNT,
  region: "us-east-1",
  stacks: ["prod"],
  state: { versionDays: 365, replicaRegion: "us-west-2" },
  breakGlass: { principals: [`arn:aws:iam::${ACCOUNT}:user/one`] },
  alarms: { emails: ["platform@sparki.tools", "on-call@sparki.tools"] },
  budget: { monthlyUsd: 2500 },
  watch: { cloudTrail: true, guardDuty: true, config: true },
};
export const RUNNER = {
  stack: "prod",
  vpcId: "vpc-0a1b2c3d4e5f67890",
  subnetIds: ["subnet-0a1b2c3d4e5f67890"],
  securityGroupId: "sg-0a1b2c3d4e5f67890",
  connectionArn: `arn:aws:codeconnections:us-east-1:${ACCOUNT}:connection/0a1b2c3d-0000-1111-2222-333344445555`,
};

export interface RecordedDelivery {
  readonly resources: Recorded[];
  readonly outputs: object;
}

/** Delivery's config as the engine hands it over. */
export function rawDelivery(config: Readonly<Record<string, unknown>>): Record<string, string> {
  const given = Object.entries(config).filter(([, value]) => value !== undefined);
  const texts = given.map(([key, value]) => [
    `sparki-delivery:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return Object.fromEntries(texts);
}

/** What the program asks for, and what it tells. */
export async function recordDelivery(
  config: Readonly<Record<string, unknown>>,
  stack = "prod",
): Promise<RecordedDelivery> {
  let outputs: object = {};
  const resources = await record(
    async () => {
      pulumi.runtime.setAllConfig(rawDelivery(config));
      const { default: delivery } = await import("../../delivery/index.ts");
      outputs = await delivery();
    },
    { stack },
  );
  return { resources, outputs };
}
