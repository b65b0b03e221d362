import { facts } from "./facts.ts";
import { type Finding, shown } from "./finding.ts";
import { type Input, type InputRecord, isInputList, isInputRecord } from "./inputs.ts";

const ARN = /^arn:aws[a-z-]*:[a-z0-9-]+:([a-z0-9-]+):/;
/** What may lie in another region: copies, sources and destinations of copies, and whoever calls. */
const ANYWHERE =
  /^(replicas|replicationConfiguration|snapshot|restoreTo|s3Import|globalReplication|source|principal|tags)/i;
const ZONE_IN = /^([a-z]{2,4}(?:-[a-z]+)+-\d)(?:[a-z]|-[a-z]{3}-\d[a-z]|-wl\d-[a-z]{3}-wlz-\d)$/;

/** Whether AWS has a region of that name. */
export const isRegion = (name: string) => facts().catalog.regions.includes(name);

/** The region of a zone, a local zone or a Wavelength zone; undefined when the text names none. */
export const regionOfZone = (zone: string) => ZONE_IN.exec(zone)?.[1];

/** Regions that there are not, and what lies in another region than the resource that names it. */
export function placeFindings(inputs: InputRecord): Finding[] {
  const region = typeof inputs.region === "string" && isRegion(inputs.region) ? inputs.region : undefined;
  return Object.entries(inputs).flatMap(([name, value]) => place(value, name, region));
}

function place(value: Input, path: string, region: string | undefined): Finding[] {
  if (isInputList(value)) return value.flatMap((each, index) => place(each, `${path}[${index}]`, region));
  if (isInputRecord(value))
    return Object.entries(value).flatMap(([name, each]) => place(each, `${path}.${name}`, region));
  if (typeof value !== "string" || value === "") return [];
  const wrong = (expected: string) => [{ path, found: shown(path, value), expected }];
  if (/(^|\.)(r|.*R)egion$/.test(path) && !path.startsWith("tags"))
    return isRegion(value) ? [] : wrong("a region that AWS has");
  if (region === undefined || ANYWHERE.test(path)) return [];
  const own = /[zZ]ones?(\[\d+\])?$|Azs\[\d+\]$/.test(path) ? regionOfZone(value) : ARN.exec(value)?.[1];
  return own === undefined || own === region ? [] : wrong(`what lies in ${region}, as the resource itself does`);
}
