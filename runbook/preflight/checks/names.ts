import { z } from "zod";
import type { StateResource } from "../../../records/state.ts";
import { type Check, fail, pass, skipped } from "../check.ts";
import type { PreflightContext } from "../context.ts";

const zoneSchema = z.object({ zoneId: z.string(), nameServers: z.array(z.string()) });
const recordsSchema = z.object({
  resourceRecordSets: z.array(z.object({ name: z.string(), type: z.string(), setIdentifier: z.string().nullish() })),
});

const ZONE = "aws:route53/zone:Zone";
const RECORD = "aws:route53/record:Record";
const ADDRESS_TYPES = ["A", "AAAA", "CNAME"];

function findZone({ aws, config }: PreflightContext) {
  return aws.find("route53/getZone", { name: config.domain, privateZone: false }, zoneSchema);
}

export const zone: Check = {
  id: "dns-zone",
  group: "Infrastructure",
  title: "DNS zone",
  proves: "The domain's zone is this stack's own, and the parent zone delegates to its name servers.",
  timeLimitSeconds: 30,
  run: async (context) => {
    const { domain } = context.config;
    const [found, { resources }] = await Promise.all([findZone(context), context.state.read()]);
    const own = resources.find(({ type }) => type === ZONE);
    if (found === undefined && own === undefined)
      return skipped(`no zone yet: the deployment makes it, and waits until the parent of ${domain} delegates to it`);
    if (found === undefined)
      return fail(`zone ${own?.id} of ${domain} is gone`, `pulumi refresh --stack ${context.stack}, then deploy`);
    if (own?.id !== found.zoneId)
      return fail(
        `${domain} has a zone ${found.zoneId} that this stack did not make`,
        `delete it, or take it over: pulumi import ${ZONE} edge-zone-zone ${found.zoneId}`,
      );
    return judgeDelegation(context, found.nameServers);
  },
};

async function judgeDelegation({ config, names }: PreflightContext, expected: readonly string[]) {
  const told = plainNames(await names.nameServersOf(config.domain));
  const wanted = plainNames(expected);
  if (told.join() === wanted.join()) return pass(`delegated to ${wanted.length} name servers of this stack`);
  const found = told.length === 0 ? "to nobody" : `to ${told.join(", ")}`;
  return fail(
    `${config.domain} is delegated ${found}; expected ${wanted.join(", ")}`,
    `in the parent zone, set the NS record of ${config.domain} to ${wanted.join(", ")}`,
  );
}

function plainNames(names: readonly string[]): string[] {
  return names.map((name) => name.toLowerCase().replace(/\.$/, "")).sort();
}

export const name: Check = {
  id: "dns-name",
  group: "Infrastructure",
  title: "DNS name",
  proves: "The domain's address records are free, or this stack's own.",
  timeLimitSeconds: 30,
  run: async (context) => {
    const { domain } = context.config;
    const found = await findZone(context);
    if (found === undefined) return skipped("no zone yet, so the name is free");
    const wanted = { zoneId: found.zoneId, nameRegex: `^${domain.replaceAll(".", "\\.")}\\.?$` };
    const records = await context.aws.find("route53/getRecords", wanted, recordsSchema);
    const addresses = records?.resourceRecordSets.filter(({ type }) => ADDRESS_TYPES.includes(type)) ?? [];
    if (addresses.length === 0) return pass(`${domain} is free`);
    const { resources } = await context.state.read();
    const foreign = addresses.filter(({ type, setIdentifier }) => !isOwn(resources, domain, type, setIdentifier));
    if (foreign.length === 0) return pass(`${domain} is this stack's own`);
    const told = foreign.map(({ type, setIdentifier }) => `${type} ${setIdentifier ?? ""}`.trim()).join(", ");
    return fail(
      `${domain} has records that this stack did not make: ${told}`,
      `delete them once nothing needs them: aws route53 list-resource-record-sets --hosted-zone-id ${found.zoneId}`,
    );
  },
};

function isOwn(
  resources: readonly StateResource[],
  domain: string,
  type: string,
  setIdentifier: string | null | undefined,
): boolean {
  return resources.some(
    ({ type: kind, inputs }) =>
      kind === RECORD &&
      String(inputs.name).replace(/\.$/, "") === domain &&
      inputs.type === type &&
      (inputs.setIdentifier ?? "") === (setIdentifier ?? ""),
  );
}
