import { UNKNOWN } from "../../shared/engine-values.ts";
import { flag, text, texts } from "../aws/values.ts";
import type { ConstructRequest } from "../provider/model.ts";
import type { Registered } from "../provider/monitor.ts";
import { type Properties, resourceReference, secret } from "../provider/properties.ts";
import { asRecord, present, subnetIdsOf } from "./arguments.ts";
import type { Children, ClusterRole } from "./roles.ts";

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

/** CoreDNS as a managed add-on: the component installs it in Auto Mode too, unless it is turned off. */
export async function addCoreDns(
  children: Children,
  name: string,
  args: Properties,
  cluster: Registered,
): Promise<void> {
  const options = asRecord(args.corednsAddonOptions);
  if (options.enabled === false) return;
  const configuration = options.configurationValues;
  const inputs = present({
    clusterName: cluster.outputs.name,
    addonName: "coredns",
    tags: args.tags,
    preserve: true,
    addonVersion: options.version ?? "v1.0.0-eksbuild.1",
    resolveConflictsOnCreate: options.resolveConflictsOnCreate ?? "OVERWRITE",
    resolveConflictsOnUpdate: options.resolveConflictsOnUpdate ?? "OVERWRITE",
    configurationValues: configuration === undefined ? undefined : JSON.stringify(configuration),
  });
  await children.add("aws:eks/addon:Addon", `${name}-coredns`, inputs, { dependencies: [cluster.urn] });
}

/** The issuer URL of the cluster's service account tokens. */
function issuerOf({ outputs }: Registered): string {
  return texts(outputs, "identities.oidcs.issuer")[0] ?? UNKNOWN;
}

/** The IAM OIDC provider where it is asked for; resolves with its ARN, else with an empty text. */
export async function addOidcProvider(
  children: Children,
  name: string,
  args: Properties,
  cluster: Registered,
): Promise<string> {
  if (!flag(args, "createOidcProvider")) return "";
  // The real component takes the thumbprint from the issuer's certificate; AWS has ignored it since 2023.
  const inputs = {
    clientIdLists: ["sts.amazonaws.com"],
    url: issuerOf(cluster),
    thumbprintLists: ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"],
  };
  const made = await children.add(
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    `${name}-oidcProvider`,
    inputs,
    { dependencies: [cluster.urn] },
  );
  return text(made.outputs, "arn") ?? UNKNOWN;
}
