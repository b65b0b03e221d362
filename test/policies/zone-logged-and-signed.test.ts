import { zoneLoggedAndSigned } from "../../policies/zone-logged-and-signed.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

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
    "logs of another zone": ["query log", [zone, other, log.from("zoneId", other), signing.from("hostedZoneId", zone)]],
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
