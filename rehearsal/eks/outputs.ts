import { UNKNOWN } from "../../shared/engine-values.ts";
import { text } from "../aws/values.ts";
import type { ConstructRequest } from "../provider/model.ts";
import type { Registered } from "../provider/monitor.ts";
import { type Properties, resourceReference, secret } from "../provider/properties.ts";
import { issuerOf } from "./add-ons.ts";
import { asRecord, present } from "./arguments.ts";
import { subnetIdsOf } from "./cluster-inputs.ts";
import type { ClusterRole } from "./roles.ts";

/** What the component has made. */
export interface Made {
  readonly cluster: Registered;
  readonly clusterRole: ClusterRole;
  readonly nodeRole: ClusterRole;
  readonly oidcProviderArn: string;
  readonly kubeconfig: Properties | undefined;
}

/** The outputs of the real component, as far as Auto Mode has them. */
export function outputsOf({ inputs: args, providers }: ConstructRequest, made: Made): Properties {
  const { cluster } = made;
  const eksCluster = resourceReference(cluster.urn, cluster.id);
  // In Auto Mode the component makes no security groups: EKS's own is for control plane and nodes alike.
  const securityGroupId = text(cluster.outputs, "vpcConfig.clusterSecurityGroupId") ?? UNKNOWN;
  const issuer = issuerOf(cluster);
  const kubeconfig = secret(made.kubeconfig ?? UNKNOWN);
  const aws = providers.aws?.split("::");
  const awsProvider = aws === undefined ? undefined : resourceReference(aws.slice(0, -1).join("::"), aws.at(-1) ?? "");
  return present({
    eksCluster,
    core: present({
      cluster: eksCluster,
      vpcId: args.vpcId,
      subnetIds: subnetIdsOf(args),
      publicSubnetIds: args.publicSubnetIds,
      privateSubnetIds: args.privateSubnetIds,
      endpoint: cluster.outputs.endpoint ?? UNKNOWN,
      kubeconfig,
      clusterIamRole: made.clusterRole.reference,
      instanceRoles: [],
      nodeGroupOptions: {},
      storageClasses: {},
      accessEntries: Object.values(asRecord(args.accessEntries)),
      autoModeNodeRoleName: made.nodeRole.name,
      tags: args.tags,
      awsProvider,
    }),
    awsProvider,
    kubeconfig,
    kubeconfigJson: secret(made.kubeconfig === undefined ? UNKNOWN : JSON.stringify(made.kubeconfig)),
    instanceRoles: [],
    clusterSecurityGroupId: securityGroupId,
    nodeSecurityGroupId: securityGroupId,
    clusterIngressRuleId: "",
    defaultNodeGroupAsgName: "",
    fargateProfileId: "",
    fargateProfileStatus: "",
    oidcProviderArn: made.oidcProviderArn,
    oidcProviderUrl: issuer,
    oidcIssuer: issuer === UNKNOWN ? UNKNOWN : issuer.replace("https://", ""),
    autoModeNodeRoleName: made.nodeRole.name,
  });
}
