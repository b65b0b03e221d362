import type { Policy } from "./policy.ts";

const ACL = "aws:wafv2/webAcl:WebAcl";

export const publicLoadBalancerBehindFirewall: Policy = {
  name: "public-load-balancer-behind-firewall",
  control: "S45",
  reason: "The public entrance is probed all day; what the firewall refuses must be on record.",
  fix: "Add an aws.wafv2.WebAclAssociation of the load balancer, and a WebAclLoggingConfiguration of its WebAcl.",
  whole: (stack, demand) => {
    const associations = stack.all("aws:wafv2/webAclAssociation:WebAclAssociation");
    for (const balancer of stack.all("aws:lb/loadBalancer:LoadBalancer")) {
      demand(balancer, "web ACL", () => {
        if (balancer.props.internal === true) return true;
        return associations.some(
          (association) =>
            stack.refers(association, "resourceArn", balancer) &&
            stack.referred(association, "webAclArn", ACL).length > 0,
        );
      });
    }
    for (const acl of stack.all(ACL)) {
      const logging = stack.all("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration");
      demand(acl, "logging", () => logging.some((configuration) => stack.refers(configuration, "resourceArn", acl)));
    }
  },
};
