import { nodesDisksEncrypted } from "../../policies/nodes-disks-encrypted.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

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
