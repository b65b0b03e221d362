import type { Properties } from "../../provider/properties.ts";
import type { NameRecord } from "../../services.ts";
import type { Cloud, Reference } from "../model.ts";
import { AwsError } from "../model.ts";
import { TYPES } from "../types.ts";
import { number, text, texts } from "../values.ts";
import type { World } from "../world.ts";

/** A record's full name without the trailing dot; a name that does not end with the zone's gets it appended. */
export function recordName(inputs: Properties, world: World): string {
  const zone = (text(world.get(TYPES.zone, text(inputs, "zoneId") ?? "")?.inputs ?? {}, "name") ?? "").replace(
    /\.$/,
    "",
  );
  const name = (text(inputs, "name") ?? "").replace(/\.$/, "").toLowerCase();
  if (name === "" || name === zone) return zone;
  return name.endsWith(`.${zone}`) ? name : `${name}.${zone}`;
}

const RECORD_TYPES = ["A", "AAAA", "CNAME", "TXT", "NS", "CAA"] as const;

/** Makes the name servers answer with what the zone holds now; a zone that is just made is told its own name servers. */
export function publishZone(zoneId: string, { world, services }: Cloud, own?: readonly string[]): void {
  const records = world
    .ofType(TYPES.record)
    .filter(({ inputs, status }) => text(inputs, "zoneId") === zoneId && status !== "deleting");
  services.names.setRecords(zoneId, [
    ...delegation(zoneId, world, own),
    ...records.flatMap(({ inputs }) => toNameRecord(inputs, world)),
  ]);
}

/** What the parent zone would say: that this zone's name servers answer for the name. */
function delegation(zoneId: string, world: World, own?: readonly string[]): NameRecord[] {
  const zone = world.get(TYPES.zone, zoneId);
  if (zone?.name === undefined) return [];
  return [{ name: zone.name.replace(/\.$/, ""), type: "NS", values: own ?? texts(zone.outputs, "nameServers") }];
}

function toNameRecord(inputs: Properties, world: World): NameRecord[] {
  const type = RECORD_TYPES.find((known) => known === text(inputs, "type"));
  if (type === undefined) return [];
  const aliasTo = text(inputs, "aliases.name");
  const weight = number(inputs, "weightedRoutingPolicies.weight");
  const setIdentifier = text(inputs, "setIdentifier");
  return [
    {
      name: recordName(inputs, world),
      type,
      values: texts(inputs, "records"),
      ...(aliasTo === undefined ? {} : { aliasTo: aliasTo.replace(/\.$/, "").toLowerCase() }),
      ...(weight === undefined ? {} : { weight }),
      ...(setIdentifier === undefined ? {} : { setIdentifier }),
    },
  ];
}

/** A hosted zone named by its id; only records keep it from being deleted. */
export function zoneReference(path: string, holds = false): Reference {
  return {
    path,
    to: [TYPES.zone],
    missing: (id) => new AwsError("NoSuchHostedZone", `No hosted zone found with ID: ${id}`),
    holds,
  };
}
