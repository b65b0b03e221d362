import {
  certificatesRenewThemselves,
  listenersHttpsOnly,
  listenersModernTls,
  loadBalancerAccessLogs,
  loadBalancerHardened,
  loadBalancerProtected,
  publicLoadBalancerBehindFirewall,
  targetGroupsHealthChecked,
  zoneLoggedAndSigned,
} from "../../policies/edge.ts";
import { loadBalancer, subnets } from "../support/policy-examples.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

{
  const certificate = example("aws:acm/certificate:Certificate", {
    domainName: "prod.sparki.tools",
    validationMethod: "DNS",
    keyAlgorithm: "EC_prime256v1",
  });

  proves(certificatesRenewThemselves, {
    passes: {
      "a certificate proven by DNS": certificate,
      "AWS's default key, RSA 2048": certificate.without("keyAlgorithm"),
    },
    stops: {
      "a certificate proven by mail": ["validationMethod", certificate.with({ validationMethod: "EMAIL" })],
      "a certificate proven by nobody": ["validationMethod", certificate.without("validationMethod")],
      "one brought from elsewhere": ["privateKey", certificate.with({ privateKey: "a key" })],
      "a short key": ["keyAlgorithm", certificate.with({ keyAlgorithm: "RSA_1024" })],
    },
  });
}

{
  const redirect = { type: "redirect", redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" } };
  const forward = { type: "forward", targetGroupArn: "arn:aws:elasticloadbalancing:x" };
  const https = example("aws:lb/listener:Listener", { port: 443, protocol: "HTTPS", defaultActions: [forward] });
  const http = https.with({ port: 80, protocol: "HTTP", defaultActions: [redirect] });
  const toHttp = { type: "redirect", redirect: { ...redirect.redirect, protocol: "HTTP" } };

  proves(listenersHttpsOnly, {
    passes: {
      HTTPS: https,
      "TLS of a network load balancer": https.with({ protocol: "TLS" }),
      "HTTP that redirects": http,
    },
    stops: {
      "HTTP that serves": ["protocol", http.with({ defaultActions: [forward] })],
      "HTTP that redirects and serves": ["protocol", http.with({ defaultActions: [redirect, forward] })],
      "HTTP that redirects to HTTP": ["protocol", http.with({ defaultActions: [toHttp] })],
      "HTTP that serves beside its redirect": [
        "protocol",
        http.with({ defaultActions: [{ ...redirect, type: "forward" }] }),
      ],
      "plain TCP": ["protocol", https.with({ protocol: "TCP" })],
      "plain TCP with a redirect": ["protocol", http.with({ protocol: "TCP" })],
      "no protocol": ["protocol", https.without("protocol")],
    },
  });
}

{
  const listener = example("aws:lb/listener:Listener", {
    protocol: "HTTPS",
    sslPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-06",
  });
  const modern = ["TLS13-1-3-2021-06", "TLS13-1-2-Res-2021-06", "TLS-1-2-Ext-2018-06", "FS-1-2-Res-2020-10"];
  const old = ["2016-08", "TLS-1-0-2015-04", "TLS-1-1-2017-01", "TLS13-1-0-2021-06", "TLS13-1-1-2021-06", "FS-2018-06"];
  const withPolicy = (name: string) => listener.with({ sslPolicy: `ELBSecurityPolicy-${name}` });

  proves(listenersModernTls, {
    passes: {
      "TLS 1.2 and 1.3": listener,
      "HTTP, which is another control's": listener.without("sslPolicy").with({ protocol: "HTTP" }),
      ...Object.fromEntries(modern.map((name) => [name, withPolicy(name)])),
    },
    stops: {
      "no policy, which is AWS's old default": ["sslPolicy", listener.without("sslPolicy")],
      ...Object.fromEntries(old.map((name) => [name, ["sslPolicy", withPolicy(name)] as const])),
    },
  });
}

proves(loadBalancerAccessLogs, {
  passes: {
    "access logs": loadBalancer,
  },
  stops: {
    "no access logs": ["accessLogs.enabled", loadBalancer.without("accessLogs")],
    "access logs switched off": [
      "accessLogs.enabled",
      loadBalancer.with({ accessLogs: { enabled: false, bucket: "logs" } }),
    ],
  },
});

proves(loadBalancerHardened, {
  passes: {
    "the strictest": loadBalancer,
    "AWS's default against desync": loadBalancer.without("desyncMitigationMode"),
  },
  stops: {
    "bad headers let through": ["dropInvalidHeaderFields", loadBalancer.with({ dropInvalidHeaderFields: false })],
    "headers left to AWS": ["dropInvalidHeaderFields", loadBalancer.without("dropInvalidHeaderFields")],
    "desync only watched": ["desyncMitigationMode", loadBalancer.with({ desyncMitigationMode: "monitor" })],
  },
});

proves(loadBalancerProtected, {
  passes: {
    "a protected one in two zones": loadBalancer,
    "one whose deletion is approved": {
      stack: loadBalancer.with({ enableDeletionProtection: false }),
      config: { approvals: [{ resource: "load*", action: "delete", by: "@alexarno", until: "2026-11-23" }] },
    },
    "subnets of the same stack": [...subnets, loadBalancer.fromEach("subnets", ...subnets)],
    "subnets with addresses of their own": loadBalancer
      .without("subnets")
      .with({ subnetMappings: [{ subnetId: "subnet-a" }, { subnetId: "subnet-b" }] }),
  },
  stops: {
    "one that one call deletes": ["enableDeletionProtection", loadBalancer.with({ enableDeletionProtection: false })],
    "one that leaves it to AWS": ["enableDeletionProtection", loadBalancer.without("enableDeletionProtection")],
    "an approval to replace it": [
      "enableDeletionProtection",
      loadBalancer.with({ enableDeletionProtection: false }),
      { approvals: [{ resource: "load*", action: "replace", by: "@alexarno", until: "2026-12-31" }] },
    ],
    "one in one subnet": ["subnets", loadBalancer.with({ subnets: ["subnet-a"] })],
    "one in no subnet": ["subnets", loadBalancer.without("subnets")],
    "subnets that preview cannot count": ["subnets", loadBalancer.from("subnets", ...subnets)],
  },
});

{
  const acl = example("aws:wafv2/webAcl:WebAcl", { name: "sparki-prod" });
  const logging = example("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", {}).from(
    "resourceArn",
    acl,
  );
  const association = example("aws:wafv2/webAclAssociation:WebAclAssociation", {})
    .from("resourceArn", loadBalancer)
    .from("webAclArn", acl);
  const other = loadBalancer.named("other").with({ internal: true });

  proves(publicLoadBalancerBehindFirewall, {
    passes: {
      "a public one behind a firewall that logs": [loadBalancer, acl, logging, association],
      "an internal one": loadBalancer.with({ internal: true }),
    },
    stops: {
      "a public one without a firewall": ["web ACL", loadBalancer],
      "one that does not say whether it is public": ["web ACL", loadBalancer.without("internal")],
      "a firewall of another one": [
        "web ACL",
        [loadBalancer, other, acl, logging, association.from("resourceArn", other)],
      ],
      "a firewall of no stack": ["web ACL", [loadBalancer, association]],
      "a firewall that does not log": ["logging", [loadBalancer, acl, association]],
    },
  });
}

{
  const group = example("aws:lb/targetGroup:TargetGroup", { healthCheck: { path: "/ready" } });

  proves(targetGroupsHealthChecked, {
    passes: { "a check of the application's path": group },
    stops: {
      "a check switched off": ["healthCheck.enabled", group.with({ healthCheck: { path: "/ready", enabled: false } })],
      "a check of nothing": ["healthCheck.path", group.without("healthCheck")],
      "a check of an empty path": ["healthCheck.path", group.with({ healthCheck: { path: "" } })],
    },
  });
}

{
  const zone = example("aws:route53/zone:Zone", { name: "prod.sparki.tools" });
  const other = zone.named("other").with({ vpcs: [{ vpcId: "vpc-1" }] });
  const log = example("aws:route53/queryLog:QueryLog", {}).from("zoneId", zone);
  const signingKey = example("aws:route53/keySigningKey:KeySigningKey", {}).from("hostedZoneId", zone);
  const signing = example("aws:route53/hostedZoneDnsSec:HostedZoneDnsSec", {});

  proves(zoneLoggedAndSigned, {
    passes: {
      "a zone logged, and signed by way of its key": [zone, log, signingKey, signing.from("hostedZoneId", signingKey)],
      "a zone logged and signed": [zone, log, signing.from("hostedZoneId", zone)],
      "a private zone": other,
    },
    stops: {
      "a zone without logs": ["query log", [zone, signing.from("hostedZoneId", zone)]],
      "logs of another zone": [
        "query log",
        [zone, other, log.from("zoneId", other), signing.from("hostedZoneId", zone)],
      ],
      "a zone that is not signed": ["signing", [zone, log]],
      "a zone with a key that signs nothing": ["signing", [zone, log, signingKey]],
      "signing of a zone that nobody knows": ["signing", [zone, log, signingKey, signing.from("hostedZoneId")]],
      "signing switched off": [
        "signing",
        [zone, log, signing.with({ signingStatus: "NOT_SIGNING" }).from("hostedZoneId", zone)],
      ],
      "signing by another zone's key": [
        "signing",
        [zone, other, log, signingKey.from("hostedZoneId", other), signing.from("hostedZoneId", signingKey)],
      ],
    },
  });
}
