import { each, type Policy } from "./policy.ts";

export const podIdentityPerAccount: Policy = {
  name: "pod-identity-per-account",
  control: "S18",
  reason: "Two workloads under one role each have the other's rights.",
  fix: "Give every aws.eks.PodIdentityAssociation an aws.iam.Role of its own.",
  each: [
    each("aws:eks/podIdentityAssociation:PodIdentityAssociation", ({ props }, demand) => {
      demand("serviceAccount", () => props.serviceAccount !== undefined && props.serviceAccount !== "default");
      demand("roleArn", () => props.roleArn !== undefined && props.roleArn !== "", { comesFrom: "aws:iam/role:Role" });
    }),
  ],
  whole: (stack, demand) => {
    const associations = stack.all("aws:eks/podIdentityAssociation:PodIdentityAssociation");
    for (const role of stack.all("aws:iam/role:Role")) {
      const users = associations.filter((association) => stack.refers(association, "roleArn", role));
      for (const [index, association] of users.entries()) {
        demand(association, "roleArn is its own", () => index === 0);
      }
    }
  },
};
