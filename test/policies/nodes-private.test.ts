import { nodesPrivate } from "../../policies/nodes-private.ts";
import { cluster, subnets } from "../support/policy-examples.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

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
