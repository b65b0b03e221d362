import { nodesNoOpenSsh } from "../../policies/nodes-no-open-ssh.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

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
