import {
  clusterAccessEntries,
  clusterEndpointPrivate,
  clusterLogsComplete,
  clusterRolesLeast,
  clusterSecretsEncrypted,
  clusterVersionSupported,
  networkPoliciesEnforced,
  nodesDisksEncrypted,
  nodesImdsv2,
  nodesNoOpenSsh,
  nodesPrivate,
  podIdentityPerAccount,
} from "../../policies/cluster.ts";
import { cluster, key, role, subnets, vpc } from "../support/policy-examples.ts";
import { example, KEY_ARN, thing } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

{
  const mode = "accessConfig.authenticationMode";
  const entry = example("aws:eks/accessEntry:AccessEntry", { kubernetesGroups: ["viewers"] });
  const binding = (name: string, kind = "ClusterRoleBinding") =>
    thing(`kubernetes:rbac.authorization.k8s.io/v1:${kind}`, { subjects: [{ kind: "Group", name }] });

  proves(clusterAccessEntries, {
    passes: {
      "a cluster by access entries": cluster,
      "an entry for a small group": entry,
      "an entry without groups": entry.without("kubernetesGroups"),
      "a binding of a small group": [binding("viewers"), binding("viewers", "RoleBinding")],
    },
    stops: {
      "a cluster that also reads aws-auth": [
        mode,
        cluster.with({ accessConfig: { authenticationMode: "API_AND_CONFIG_MAP" } }),
      ],
      "a cluster that leaves it to AWS": [mode, cluster.without("accessConfig")],
      "an entry in system:masters": [
        "kubernetesGroups",
        entry.with({ kubernetesGroups: ["viewers", "system:masters"] }),
      ],
      "a binding of system:masters": ["subjects", binding("system:masters")],
      "a role binding of system:masters": ["subjects", binding("system:masters", "RoleBinding")],
    },
  });
}

{
  const subnetIds: string[] = [];
  const open = { subnetIds, endpointPrivateAccess: true, endpointPublicAccess: true };

  proves(clusterEndpointPrivate, {
    passes: {
      "a private endpoint": cluster,
      "a public endpoint for named networks": cluster.with({
        vpcConfig: { ...open, publicAccessCidrs: ["203.0.113.0/24"] },
      }),
    },
    stops: {
      "a cluster without a private endpoint": [
        "vpcConfig.endpointPrivateAccess",
        cluster.with({ vpcConfig: { ...open, endpointPrivateAccess: false, endpointPublicAccess: false } }),
      ],
      "a public endpoint for everybody": ["vpcConfig.publicAccessCidrs", cluster.with({ vpcConfig: open })],
      "a public endpoint that names everybody": [
        "vpcConfig.publicAccessCidrs",
        cluster.with({ vpcConfig: { ...open, publicAccessCidrs: ["203.0.113.0/24", "0.0.0.0/0"] } }),
      ],
      "a public endpoint that nobody switched off": [
        "vpcConfig.publicAccessCidrs",
        cluster.with({ vpcConfig: { subnetIds, endpointPrivateAccess: true } }),
      ],
    },
  });
}

{
  const kinds = ["api", "audit", "authenticator", "controllerManager", "scheduler"];
  const property = "enabledClusterLogTypes";
  const withoutOne = kinds.map((missing) => {
    const rest = kinds.filter((kind) => kind !== missing);
    return [
      `a cluster without its ${missing} log`,
      [property, cluster.with({ enabledClusterLogTypes: rest })],
    ] as const;
  });

  proves(clusterLogsComplete, {
    passes: { "all five logs": cluster },
    stops: {
      "a cluster that writes none": [property, cluster.without("enabledClusterLogTypes")],
      ...Object.fromEntries(withoutOne),
    },
  });
}

{
  const rule = { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] };
  const role = (changes: object = {}, kind = "ClusterRole") =>
    thing(`kubernetes:rbac.authorization.k8s.io/v1:${kind}`, { rules: [rule, { ...rule, ...changes }] });
  const binding = (name: string) =>
    thing("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", { roleRef: { kind: "ClusterRole", name } });
  const powerful = ["secrets", "pods/exec", "pods/attach", "serviceaccounts/token", "nodes/proxy"].map((resource) => [
    `a role over ${resource}`,
    ["rules", role({ resources: ["pods", resource] })] as const,
  ]);
  const escalating = ["escalate", "bind", "impersonate"].map((verb) => [
    `a role that may ${verb}`,
    ["rules", role({ verbs: [verb] })] as const,
  ]);

  proves(clusterRolesLeast, {
    passes: { "a role that looks at pods": [role(), role({}, "Role")], "a binding of a small role": binding("view") },
    stops: {
      ...Object.fromEntries([...powerful, ...escalating]),
      "a role that may do all": ["rules", role({ verbs: ["*"] })],
      "a role over all": ["rules", role({ resources: ["*"] })],
      "a role over every group": ["rules", role({ apiGroups: ["*"] })],
      "a namespace's role over all": ["rules", role({ resources: ["*"] }, "Role")],
      "a binding of the administrator": ["roleRef", binding("cluster-admin")],
    },
  });
}

{
  const keyArn = "encryptionConfig.provider.keyArn";
  const resources = ["secrets"];

  proves(clusterSecretsEncrypted, {
    passes: {
      "secrets under a customer key": cluster,
      "secrets under a key of the same stack": [key, cluster.from("encryptionConfig", key)],
    },
    stops: {
      "a cluster without encryption": [[keyArn, "encryptionConfig.resources"], cluster.without("encryptionConfig")],
      "a key that comes from something else": [
        [keyArn, "encryptionConfig.resources"],
        [vpc, cluster.from("encryptionConfig", vpc)],
      ],
      "encryption of nothing": [
        "encryptionConfig.resources",
        cluster.with({ encryptionConfig: { provider: { keyArn: KEY_ARN }, resources: [] } }),
      ],
      "AWS's own key": [
        keyArn,
        cluster.with({ encryptionConfig: { provider: { keyArn: "alias/aws/eks" }, resources } }),
      ],
      "no key's name": [keyArn, cluster.with({ encryptionConfig: { provider: { keyArn: "" }, resources } })],
    },
  });
}

{
  const supportType = "upgradePolicy.supportType";

  proves(clusterVersionSupported, {
    passes: {
      "a version in standard support": cluster,
      "one that is there for nine days more": cluster.with({ version: "1.34" }),
    },
    stops: {
      "a version past standard support": ["version", cluster.with({ version: "1.33" })],
      "a version that nobody checked": ["version", cluster.with({ version: "1.99" })],
      "no version": ["version", cluster.without("version")],
      "paid support after the end": [supportType, cluster.with({ upgradePolicy: { supportType: "EXTENDED" } })],
      "AWS's default, which is paid support": [supportType, cluster.without("upgradePolicy")],
    },
  });
}

{
  const property = "network policy controller";
  const metadata = { namespace: "kube-system", name: "amazon-vpc-cni" };
  const data = { "enable-network-policy-controller": "true" };
  const configMap = thing("kubernetes:core/v1:ConfigMap", { metadata, data });
  const addon = example("aws:eks/addon:Addon", {
    addonName: "vpc-cni",
    configurationValues: '{"enableNetworkPolicy": "true"}',
  });

  proves(networkPoliciesEnforced, {
    passes: { "Auto Mode's switch": [cluster, configMap], "the add-on's setting": [cluster, addon] },
    stops: {
      "a cluster that ignores them": [property, cluster],
      "a switch that is off": [
        property,
        [cluster, configMap.with({ data: { "enable-network-policy-controller": "false" } })],
      ],
      "a switch in another namespace": [
        property,
        [cluster, configMap.with({ metadata: { ...metadata, namespace: "default" } })],
      ],
      "a switch of another name": [property, [cluster, configMap.with({ metadata: { ...metadata, name: "vpc-cni" } })]],
      "a switch in a Secret": [property, [cluster, thing("kubernetes:core/v1:Secret", { metadata, data })]],
      "an add-on with the setting off": [
        property,
        [cluster, addon.with({ configurationValues: '{"enableNetworkPolicy":"false"}' })],
      ],
      "an add-on without settings": [property, [cluster, addon.without("configurationValues")]],
      "something else with that setting": [property, [cluster, thing("aws:eks/other:Other", addon.props)]],
      "another add-on with that setting": [property, [cluster, addon.with({ addonName: "coredns" })]],
    },
  });
}

{
  const engine = example("aws:eks/podIdentityAssociation:PodIdentityAssociation", {
    serviceAccount: "engine",
    roleArn: "arn:aws:iam::111122223333:role/engine",
  });
  const web = engine.named("web").with({ serviceAccount: "web" });

  proves(podIdentityPerAccount, {
    passes: {
      "a role for each account": [
        role,
        role.named("other"),
        engine.from("roleArn", role),
        web.from("roleArn", role.named("other")),
      ],
      "a role from outside the stack": engine,
    },
    stops: {
      "two accounts under one role": [
        "roleArn is its own",
        [role, engine.from("roleArn", role), web.from("roleArn", role)],
      ],
      "the default account": ["serviceAccount", engine.with({ serviceAccount: "default" })],
      "no account": ["serviceAccount", engine.without("serviceAccount")],
      "no role at all": ["roleArn", engine.without("roleArn")],
      "no role": ["roleArn", engine.with({ roleArn: "" })],
      "a role that is something else": ["roleArn", [vpc, engine.from("roleArn", vpc)]],
    },
  });
}

{
  const disk = { deviceName: "/dev/xvda", ebs: { encrypted: "true" } };
  const template = example("aws:ec2/launchTemplate:LaunchTemplate", { blockDeviceMappings: [disk] });
  const instance = example("aws:ec2/instance:Instance", {
    rootBlockDevice: { encrypted: true },
    ebsBlockDevices: [{ deviceName: "/dev/xvdb", encrypted: true }],
  });
  const group = example("aws:eks/nodeGroup:NodeGroup", { launchTemplate: { version: "1", id: "lt-1" } });

  proves(nodesDisksEncrypted, {
    passes: {
      "encrypted disks": [template, instance, group],
      "an instance with one disk": instance.without("ebsBlockDevices"),
    },
    stops: {
      "a template with a plain disk": [
        "blockDeviceMappings",
        template.with({ blockDeviceMappings: [disk, { deviceName: "/dev/xvdb", ebs: { encrypted: "false" } }] }),
      ],
      "a template that leaves disks to AWS": ["blockDeviceMappings", template.without("blockDeviceMappings")],
      "an instance with a plain root disk": ["rootBlockDevice.encrypted", instance.with({ rootBlockDevice: {} })],
      "an instance with a plain second disk": [
        "ebsBlockDevices",
        instance.with({ ebsBlockDevices: [{ deviceName: "/dev/xvdb" }] }),
      ],
      "a node group with AWS's own template": ["launchTemplate", group.without("launchTemplate")],
    },
  });
}

{
  const tight = { httpTokens: "required", httpPutResponseHopLimit: 1 };
  const template = example("aws:ec2/launchTemplate:LaunchTemplate", { metadataOptions: tight });
  const instance = example("aws:ec2/instance:Instance", { metadataOptions: tight });
  const [v1, hops] = [
    { ...tight, httpTokens: "optional" },
    { ...tight, httpPutResponseHopLimit: 2 },
  ];

  proves(nodesImdsv2, {
    passes: { "IMDSv2, one hop": [template, instance] },
    stops: {
      "a template with IMDSv1": ["metadataOptions", template.with({ metadataOptions: v1 })],
      "a template with two hops": ["metadataOptions", template.with({ metadataOptions: hops })],
      "a template that says nothing": ["metadataOptions", template.without("metadataOptions")],
      "an instance with IMDSv1": ["metadataOptions", instance.with({ metadataOptions: v1 })],
      "an instance with two hops": ["metadataOptions", instance.with({ metadataOptions: hops })],
    },
  });
}

{
  const group = example("aws:eks/nodeGroup:NodeGroup", {});
  const property = "remoteAccess.sourceSecurityGroupIds";

  proves(nodesNoOpenSsh, {
    passes: {
      "a node group without SSH": group,
      "SSH from a named group": group.with({ remoteAccess: { ec2SshKey: "ops", sourceSecurityGroupIds: ["sg-1"] } }),
    },
    stops: {
      "SSH from everywhere": [property, group.with({ remoteAccess: { ec2SshKey: "ops" } })],
      "SSH from an empty list, which is everywhere": [
        property,
        group.with({ remoteAccess: { ec2SshKey: "ops", sourceSecurityGroupIds: [] } }),
      ],
    },
  });
}

{
  const template = example("aws:ec2/launchTemplate:LaunchTemplate", {
    networkInterfaces: [{ associatePublicIpAddress: "false" }],
  });
  const instance = example("aws:ec2/instance:Instance", { associatePublicIpAddress: false });
  const [first, ...rest] = subnets;
  const opened = first?.with({ mapPublicIpOnLaunch: true });

  proves(nodesPrivate, {
    passes: {
      "nodes without public addresses": [template, instance],
      "a template that says nothing of it": template.without("networkInterfaces"),
      "a cluster in private subnets": [...subnets, cluster.from("vpcConfig", ...subnets)],
    },
    stops: {
      "a template that gives them": [
        "networkInterfaces",
        template.with({ networkInterfaces: [{ associatePublicIpAddress: "true" }] }),
      ],
      "an instance that has one": ["associatePublicIpAddress", instance.with({ associatePublicIpAddress: true })],
      "a cluster in a subnet that gives them": [
        "vpcConfig.subnetIds",
        opened === undefined ? [] : [opened, ...rest, cluster.from("vpcConfig", opened, ...rest)],
      ],
    },
  });
}
