import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { SYNTHETIC } from "../../../io/synthetic.ts";
import { promotionIn } from "../../../records/promotion.ts";
import { type Check, type Finding, fail, pass, skipped, warn } from "../check.ts";
import type { PreflightContext } from "../context.ts";

const DAY = 24 * 3600;
/** ACM renews 60 days before the end: with fewer than this left, renewal has been failing for a month. */
const WARN_DAYS = 30;
/** A release that has to stay up needs a certificate that lasts longer than its first two weeks. */
const MIN_DAYS = 14;

const STATUSES = ["ISSUED", "PENDING_VALIDATION", "EXPIRED", "VALIDATION_TIMED_OUT", "FAILED", "REVOKED", "INACTIVE"];
const certificateSchema = z.object({ arn: z.string(), status: z.string(), certificate: z.string().nullish() });

export const certificate: Check = {
  id: "tls-certificate",
  group: "Infrastructure",
  title: "TLS certificate",
  proves: `A certificate is issued, covers the domain and has at least ${MIN_DAYS} days left, and no CAA record keeps Amazon from issuing one.`,
  timeLimitSeconds: 30,
  run: async (context) => {
    const { domain } = context.config;
    const found = (await find(context, ["ISSUED"])) ?? (await find(context, STATUSES));
    const fix = `aws acm describe-certificate --region ${context.config.region} --certificate-arn ${found?.arn}`;
    const forbidden = await prohibition(context);
    if (found?.status === "ISSUED") {
      const judged = judgeCertificate(new X509Certificate(found.certificate ?? ""), context, fix);
      if (forbidden === undefined || judged.status === "fail") return judged;
      return warn(`${judged.reason}, and AWS cannot renew it: ${forbidden}`, ALLOW);
    }
    if (forbidden !== undefined) return fail(forbidden, ALLOW);
    if (found === undefined) return absent(context);
    if (found.status === "PENDING_VALIDATION" && !(await wasIssued(context)))
      return skipped("not issued yet: the deployment proves the domain, and continues once the certificate is issued");
    return fail(`the certificate of ${domain} is ${found.status}`, fix);
  },
};

/** The names of Amazon's authority in CAA records, any of which admits it (ACM, Configure a CAA record). */
const AMAZON: readonly string[] = ["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"];
const ALLOW = `where the CAA records of the domain or of its parents are kept, add: 0 issue "${AMAZON[0]}"`;

/** Why Amazon may not issue the domain's certificate; undefined where it may, or where nobody tells. */
async function prohibition({ config, names }: PreflightContext): Promise<string | undefined> {
  const issuers = await names.issuersOf(config.domain).catch(() => undefined);
  if (issuers === undefined || issuers.some((issuer) => AMAZON.includes(issuer))) return undefined;
  const admitted = issuers.filter((issuer) => issuer !== "").join(", ") || "nobody";
  return `by CAA records only ${admitted} may issue certificates of ${config.domain}; expected one of ${AMAZON.join(", ")}`;
}

function find({ aws, config }: PreflightContext, statuses: readonly string[]) {
  // ACM lists no EC certificates unless they are asked for.
  const keyTypes = ["EC_prime256v1", "EC_secp384r1", "RSA_2048", "RSA_4096"];
  const wanted = { domain: config.domain, statuses, keyTypes, mostRecent: true };
  return aws.find("acm/getCertificate", wanted, certificateSchema);
}

/** A first deployment that was interrupted leaves a certificate that it was still to prove. */
async function wasIssued({ state }: PreflightContext): Promise<boolean> {
  const { resources } = await state.read();
  return resources.some(({ type }) => type === "aws:acm/certificateValidation:CertificateValidation");
}

async function absent({ config, stack, state }: PreflightContext): Promise<Finding> {
  const { resources } = await state.read();
  if (!resources.some(({ type }) => type === "aws:acm/certificate:Certificate"))
    return skipped("no certificate yet: the deployment requests it, and continues once it is issued");
  return fail(`the certificate of ${config.domain} is gone`, `pulumi refresh --stack ${stack}, then deploy`);
}

/** Whether a certificate covers the domain, and for how long: at least 14 days, and a warning under 30. */
export function judgeCertificate(
  found: X509Certificate,
  { clock, config }: Pick<PreflightContext, "clock" | "config">,
  fix: string,
): Finding {
  const days = Math.floor((Date.parse(found.validTo) / 1000 - clock.now()) / DAY);
  if (found.checkHost(config.domain) === undefined)
    return fail(`the certificate covers ${found.subjectAltName ?? "no name"}; expected ${config.domain}`, fix);
  if (days < 0) return fail(`the certificate ended on ${found.validTo}`, fix);
  if (days < MIN_DAYS) return fail(`the certificate has ${days} days left; expected at least ${MIN_DAYS}`, fix);
  const covers = `covers ${config.domain}, ${days} days left`;
  return days < WARN_DAYS
    ? warn(covers, `AWS renews it automatically, and should have done so by now: ${fix}`)
    : pass(covers);
}

export const entrance: Check = {
  id: "entrance",
  group: "Infrastructure",
  title: "Load balancer answers",
  proves: "What is live responds at the domain's /health through DNS, TLS and the load balancer.",
  timeLimitSeconds: 20,
  run: async ({ config, http, stack, state }, signal) => {
    const { resources } = await state.read();
    // A deployment that stopped between promotion and cutover must be able to continue.
    if (!resources.some(({ urn }) => urn.endsWith("::cutover-record")))
      return skipped("the domain does not point to this stack yet");
    // Of a cluster that was lost, and one that is being made in its place, nothing serves yet.
    if (promotionIn(resources) === undefined)
      return skipped("nothing is live by the state: the deployment promotes first");
    const url = `https://${config.domain}/health`;
    const answer = await http(url, { headers: SYNTHETIC, timeoutSeconds: 15, signal });
    const fix = `npx sparki verify --stack ${stack}: what is live is unhealthy; fix it or roll it back first`;
    if (!answer.answered) return fail(`${url}: ${answer.error}`, fix);
    return answer.status === 200 ? pass(`${url} answered 200`) : fail(`${url} answered ${answer.status}`, fix);
  },
};
