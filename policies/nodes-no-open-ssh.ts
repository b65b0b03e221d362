import { each, type Policy } from "./policy.ts";

export const nodesNoOpenSsh: Policy = {
  name: "nodes-no-open-ssh",
  control: "S16",
  reason: "A node group with an SSH key and no named source opens port 22 of every node to the world.",
  fix: "Leave out remoteAccess, or name its sourceSecurityGroupIds.",
  each: [
    each("aws:eks/nodeGroup:NodeGroup", ({ props }, demand) => {
      demand("remoteAccess.sourceSecurityGroupIds", () => {
        if (props.remoteAccess?.ec2SshKey === undefined) return true;
        return (props.remoteAccess.sourceSecurityGroupIds ?? []).length > 0;
      });
    }),
  ],
};
