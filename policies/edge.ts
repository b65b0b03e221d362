import { isApproved } from "./judging/approvals.ts";
import type { AnyResource, StackView } from "./judging/resource.ts";
import { each, type Policy } from "./policy.ts";

const STRONG = ["RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"];

export const certificatesRenewThemselves: Policy = {
  name: "certificates-renew-themselves",
  control: "S47",
  reason: "A certificate that must be renewed by hand is easily forgotten and expires.",
  fix: 'Set validationMethod: "DNS" and keyAlgorithm to RSA_2048 or better.',
  each: [
    each("aws:acm/certificate:Certificate", ({ props }, demand) => {
      demand("validationMethod", () => props.validationMethod === "DNS");
      demand("privateKey", () => props.privateKey === undefined);
      demand("keyAlgorithm", () => STRONG.includes(props.keyAlgorithm ?? "RSA_2048"));
    }),
  ],
};

const ENCRYPTED = ["HTTPS", "TLS"];

export const listenersHttpsOnly: Policy = {
  name: "listeners-https-only",
  control: "S40",
  reason: "A single page over HTTP is enough to hijack a session.",
  fix: "Serve HTTPS on 443; on 80 only redirect to HTTPS.",
  each: [
    each("aws:lb/listener:Listener", ({ props }, demand) => {
      const redirects = () =>
        (props.defaultActions ?? []).every(
          ({ type, redirect }) => type === "redirect" && redirect?.protocol === "HTTPS",
        );
      demand("protocol", () => ENCRYPTED.includes(props.protocol ?? "") || (props.protocol === "HTTP" && redirects()));
    }),
  ],
};

/** The predefined policies without TLS 1.0 and 1.1. */
const MODERN = /^ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2|FS-1-2)-/;

export const listenersModernTls: Policy = {
  name: "listeners-modern-tls",
  control: "S41",
  reason: "TLS 1.0 and 1.1 are insecure, and AWS still offers them by default.",
  fix: 'Set sslPolicy to "ELBSecurityPolicy-TLS13-1-2-2021-06" or newer.',
  each: [
    each("aws:lb/listener:Listener", ({ props }, demand) => {
      demand("sslPolicy", () => props.protocol === "HTTP" || MODERN.test(props.sslPolicy ?? ""));
    }),
  ],
};

export const loadBalancerAccessLogs: Policy = {
  name: "load-balancer-access-logs",
  control: "S43",
  reason: "Only the load balancer sees every request, including those that never reach a pod.",
  fix: "Set accessLogs with enabled: true and a bucket.",
  each: [
    each("aws:lb/loadBalancer:LoadBalancer", ({ props }, demand) => {
      demand("accessLogs.enabled", () => props.accessLogs?.enabled === true);
    }),
  ],
};

export const loadBalancerHardened: Policy = {
  name: "load-balancer-hardened",
  control: "S42",
  reason:
    "A request that the load balancer and the pod parse differently can smuggle a second request past every check.",
  fix: 'Set dropInvalidHeaderFields: true and desyncMitigationMode: "defensive" or "strictest".',
  each: [
    each("aws:lb/loadBalancer:LoadBalancer", ({ props }, demand) => {
      demand("dropInvalidHeaderFields", () => props.dropInvalidHeaderFields === true);
      demand("desyncMitigationMode", () =>
        ["defensive", "strictest"].includes(props.desyncMitigationMode ?? "defensive"),
      );
    }),
  ],
};

export const loadBalancerProtected: Policy = {
  name: "load-balancer-protected",
  control: "S44",
  reason: "DNS points to the load balancer: its deletion, or the failure of its only zone, is a complete outage.",
  fix: "Set enableDeletionProtection: true, or approve its deletion in sparki:approvals; give it subnets in two zones.",
  each: [
    each("aws:lb/loadBalancer:LoadBalancer", ({ props, name }, demand, situation) => {
      const mayGo = () => isApproved(situation, name, "delete");
      demand("enableDeletionProtection", () => props.enableDeletionProtection === true || mayGo());
      demand("subnets", () => (props.subnets ?? props.subnetMappings ?? []).length >= 2);
    }),
  ],
};

const ACL = "aws:wafv2/webAcl:WebAcl";

export const publicLoadBalancerBehindFirewall: Policy = {
  name: "public-load-balancer-behind-firewall",
  control: "S45",
  reason: "The public entrance is attacked continuously; requests that the firewall refuses must be logged.",
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

export const targetGroupsHealthChecked: Policy = {
  name: "target-groups-health-checked",
  control: "S46",
  reason: "Without a health check on the application's own path, requests are sent to pods that cannot answer.",
  fix: "Set healthCheck with a path.",
  each: [
    each("aws:lb/targetGroup:TargetGroup", ({ props }, demand) => {
      demand("healthCheck.enabled", () => props.healthCheck?.enabled !== false);
      demand("healthCheck.path", () => (props.healthCheck?.path ?? "") !== "");
    }),
  ],
};

/** Signing is switched on by a resource that may name the zone by way of its signing key. */
function isSigned(stack: StackView, zone: AnyResource): boolean {
  const keys = stack.all("aws:route53/keySigningKey:KeySigningKey");
  return stack
    .all("aws:route53/hostedZoneDnsSec:HostedZoneDnsSec")
    .filter((signing) => (signing.props.signingStatus ?? "SIGNING") === "SIGNING")
    .some(
      (signing) =>
        stack.refers(signing, "hostedZoneId", zone) ||
        keys.some((key) => stack.refers(signing, "hostedZoneId", key) && stack.refers(key, "hostedZoneId", zone)),
    );
}

export const zoneLoggedAndSigned: Policy = {
  name: "zone-logged-and-signed",
  control: "S48",
  reason: "Answers of an unsigned zone can be forged, and without query logs DNS requests cannot be traced.",
  fix: "Add an aws.route53.QueryLog, and a KeySigningKey with a HostedZoneDnsSec, of the zone.",
  whole: (stack, demand) => {
    for (const zone of stack.all("aws:route53/zone:Zone")) {
      const isPublic = () => (zone.props.vpcs ?? []).length === 0;
      const logs = stack.all("aws:route53/queryLog:QueryLog");
      demand(zone, "query log", () => !isPublic() || logs.some((log) => stack.refers(log, "zoneId", zone)));
      demand(zone, "signing", () => !isPublic() || isSigned(stack, zone));
    }
  },
};
