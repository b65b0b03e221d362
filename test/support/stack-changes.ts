import { TYPES } from "../../rehearsal/aws/types.ts";
import type { WorldResource } from "../../rehearsal/aws/world.ts";
import type { Properties } from "../../rehearsal/provider/properties.ts";

/** What later releases, changed configs and the program itself may change in place, by type. */
const CHANGES: Readonly<Record<string, readonly ((inputs: Properties) => Properties)[]>> = {
  [TYPES.vpc]: [() => ({ enableDnsHostnames: false })],
  [TYPES.defaultSecurityGroup]: [() => ({ ingress: [{ protocol: "-1" }], egress: [{ protocol: "-1" }] })],
  [TYPES.defaultNetworkAcl]: [() => ({ ingress: [] })],
  [TYPES.subnet]: [() => ({ mapPublicIpOnLaunch: true })],
  [TYPES.route]: [() => ({ gatewayId: "igw-2" })],
  [TYPES.routeTableAssociation]: [() => ({})],
  [TYPES.ingressRule]: [() => ({ description: "another" })],
  [TYPES.egressRule]: [() => ({ description: "another" })],
  [TYPES.vpcEndpoint]: [() => ({ policy: "{}" }), ({ subnetIds = [] }) => ({ subnetIds: [subnetIds].flat().slice(1) })],
  [TYPES.role]: [
    () => ({ assumeRolePolicy: "{}" }),
    () => ({ description: "another" }),
    () => ({ maxSessionDuration: 7200 }),
  ],
  [TYPES.rolePolicy]: [() => ({ policy: "{}" })],
  [TYPES.kmsKey]: [() => ({ policy: "{}" }), () => ({ description: "another" }), () => ({ isEnabled: true })],
  [TYPES.kmsAlias]: [() => ({})],
  [TYPES.logGroup]: [() => ({ retentionInDays: 30 }), () => ({ retentionInDays: null }), () => ({ kmsKeyId: null })],
  [TYPES.logResourcePolicy]: [() => ({ policyDocument: "{}" })],
  [TYPES.cluster]: [() => ({ version: "1.36" }), () => ({ deletionProtection: false })],
  [TYPES.accessEntry]: [() => ({ kubernetesGroups: ["viewers"] })],
  [TYPES.addon]: [() => ({ configurationValues: "{}" })],
  [TYPES.podIdentityAssociation]: [({ roleArn }) => ({ roleArn: String(roleArn).replace("engine", "migrations") })],
  [TYPES.databaseSubnetGroup]: [() => ({ description: "another" })],
  [TYPES.databaseParameterGroup]: [() => ({ parameters: [] })],
  [TYPES.database]: [
    () => ({ deletionProtection: false }),
    () => ({ engineVersion: "18.1" }),
    ({ parameterGroupName }) => ({ parameterGroupName: String(parameterGroupName).replace(/\d+$/, "18") }),
    () => ({ masterUserSecretKmsKeyId: "another" }),
  ],
  [TYPES.cacheSubnetGroup]: [() => ({ description: "another" })],
  [TYPES.replicationGroup]: [
    () => ({ nodeType: "cache.r7g.xlarge" }),
    () => ({ numCacheClusters: 5 }),
    () => ({ numCacheClusters: 1 }),
  ],
  [TYPES.secret]: [() => ({ description: "another" })],
  [TYPES.secretVersion]: [() => ({})],
  [TYPES.loadBalancer]: [
    () => ({ enableDeletionProtection: false }),
    () => ({ securityGroups: [] }),
    () => ({ subnets: [] }),
    () => ({ ipAddressType: "dualstack" }),
  ],
  [TYPES.targetGroup]: [() => ({ healthCheck: { path: "/" } }), () => ({ deregistrationDelay: 60 })],
  [TYPES.listener]: [() => ({ sslPolicy: "another" }), () => ({ tcpIdleTimeoutSeconds: 60 })],
  [TYPES.listenerRule]: [() => ({ priority: 1 }), () => ({ conditions: [] })],
  [TYPES.certificate]: [() => ({ options: { exportOption: "DISABLED" } })],
  [TYPES.webAcl]: [() => ({ rules: [] })],
  [TYPES.webAclLogging]: [() => ({ redactedFields: [] })],
  [TYPES.zone]: [() => ({ comment: "another" })],
  [TYPES.record]: [() => ({ ttl: 60 })],
  [TYPES.keySigningKey]: [() => ({ status: "INACTIVE" }), () => ({ status: "ACTIVE" })],
  [TYPES.bucket]: [() => ({ forceDestroy: true })],
  [TYPES.bucketPolicy]: [() => ({ policy: "{}" })],
  [TYPES.bucketLifecycle]: [() => ({ rules: [] })],
};

/** What a change begins with, where that is otherwise than it is, and what it asks for. */
interface Change {
  readonly from: Partial<WorldResource>;
  readonly to: Properties;
}

/** Each of a resource's changes: its type's own, other tags, and the boundary that a role did not have before. */
export function changesOf({ type, inputs, tags }: WorldResource): readonly Change[] {
  const own = (CHANGES[type] ?? []).map((change) => ({ from: {}, to: change(inputs) }));
  const { owner, ...fewer } = tags;
  const retagged = owner === undefined ? [] : [{ from: {}, to: { tagsAll: { ...fewer, release: "another" } } }];
  const { permissionsBoundary, ...unbounded } = inputs;
  const bound = permissionsBoundary === undefined ? [] : [{ from: { inputs: unbounded }, to: { permissionsBoundary } }];
  return [...own, ...retagged, ...bound];
}
