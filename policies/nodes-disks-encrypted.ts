import { isGiven } from "./judging/presence.ts";
import { each, type Policy } from "./policy.ts";

export const nodesDisksEncrypted: Policy = {
  name: "nodes-disks-encrypted",
  control: "S15",
  reason: "A node's disk holds images, logs and whatever pods write.",
  fix: "Set encrypted: true on every disk; give a node group a launch template that does.",
  each: [
    each("aws:ec2/launchTemplate:LaunchTemplate", ({ props }, demand) => {
      const disks = () => props.blockDeviceMappings ?? [];
      demand("blockDeviceMappings", () => disks().length > 0 && disks().every(({ ebs }) => ebs?.encrypted === "true"));
    }),
    each("aws:ec2/instance:Instance", ({ props }, demand) => {
      demand("rootBlockDevice.encrypted", () => props.rootBlockDevice?.encrypted === true);
      demand("ebsBlockDevices", () => (props.ebsBlockDevices ?? []).every(({ encrypted }) => encrypted === true));
    }),
    each("aws:eks/nodeGroup:NodeGroup", ({ props }, demand) => {
      demand("launchTemplate", () => isGiven(() => props.launchTemplate));
    }),
  ],
};
