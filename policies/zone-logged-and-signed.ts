import type { AnyResource, StackView } from "./judging/resource.ts";
import type { Policy } from "./policy.ts";

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
  reason: "An unsigned zone's answers can be forged, and without query logs nobody knows who was asked for what.",
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
