import { createPublicKey } from "node:crypto";
import ipaddr from "ipaddr.js";
import { z } from "zod";

/** Networks of one's own (RFC 1918), and those that carriers and AWS's pods use (RFC 6598). */
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];

/** What no host on the internet answers at (RFC 6890), but for the networks of documentation. */
const SPECIAL = [
  ...PRIVATE,
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "192.0.0.0/24",
  "198.18.0.0/15",
  "224.0.0.0/3",
];

/** What EKS gives Services (infra/cluster.ts). */
const SERVICES = "172.20.0.0/16";

/** Whether a text is an IPv4 network by its first address, in decimal, of 256 addresses at least or one host. */
function isNetwork(text: string): boolean {
  const [address = "", length = "", ...rest] = text.split("/");
  if (rest.length > 0 || !/^(?:\d|[12]\d|3[0-2])$/.test(length)) return false;
  if (address.split(".").some((part) => !/^(?:0|[1-9]\d{0,2})$/.test(part))) return false;
  if (!ipaddr.IPv4.isValidFourPartDecimal(address)) return false;
  return ipaddr.IPv4.networkAddressFromCIDR(text).toString() === address;
}

/** Whether all of a network is one of someone's own. */
function isPrivate(cidr: string): boolean {
  return isNetwork(cidr) && PRIVATE.some((network) => contains(network, cidr));
}

/** Whether all of a network is on the internet, and it is no more than a 256th of it. */
function isPublic(cidr: string): boolean {
  return isNetwork(cidr) && Number(cidr.split("/")[1]) >= 8 && !SPECIAL.some((network) => overlaps(network, cidr));
}

/** Whether a network has an address that a Service of the cluster may have. */
export function meetsServices(cidr: string): boolean {
  return overlaps(SERVICES, cidr);
}

/** Whether two networks have an address in common: the smaller one stands in the larger one, or apart; a text that is none has none. */
export function overlaps(one: string, other: string): boolean {
  if (!isNetwork(one) || !isNetwork(other)) return false;
  const [first, length] = ipaddr.IPv4.parseCIDR(one);
  const [second, otherLength] = ipaddr.IPv4.parseCIDR(other);
  return first.match([second, Math.min(length, otherLength)]);
}

function contains(network: string, part: string): boolean {
  return Number(network.split("/")[1]) <= Number(part.split("/")[1]) && overlaps(network, part);
}

/** Every field's own domain: what AWS, Kubernetes, DNS or this program takes, and nothing else. */

const PRINTABLE = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]*$/u;

/** Text of one line without blanks at its ends. */
export function line(max: number, kind = "one line of non-empty text"): z.ZodString {
  const message = `${kind}, of at most ${max} characters, without leading or trailing spaces`;
  return z
    .string(message)
    .min(1, message)
    .max(max, message)
    .regex(PRINTABLE, message)
    .regex(/^\S(.*\S)?$/, message);
}

/** Text that one expression describes whole. */
export function pattern(expression: RegExp, message: string): z.ZodString {
  return z.string(message).regex(expression, message);
}

/** A whole number in these bounds, which are told together. */
export function whole(from: number, to: number): z.ZodInt {
  const text = `a whole number from ${from} to ${to}`;
  return z.int(text).min(from, text).max(to, text);
}

/** A number in these bounds, which are told together. */
export function between(from: number, to: number, kind = "a number"): z.ZodNumber {
  const text = `${kind} from ${from} to ${to}`;
  return z.number(text).min(from, text).max(to, text);
}

export const ratio = (from: number, to: number) => between(from, to, "a number above 0 and below 1,");

/** A list in which nothing stands twice. */
export function distinct<T extends z.ZodType>(entry: T, min: number, max: number) {
  return z
    .array(entry)
    .min(min)
    .max(max)
    .check(({ value, issues }) => {
      const seen = new Set<string>();
      for (const [index, item] of value.entries()) {
        const text = JSON.stringify(item);
        if (seen.has(text))
          issues.push({
            code: "custom",
            input: item,
            path: [index],
            message: "a different entry: this one is in the list twice",
          });
        seen.add(text);
      }
    });
}

const DAY = "a day such as 2027-06-30";
/** A day; YAML turns an unquoted one into a time stamp, which the engine hands on as such. */
export const date = z
  .string(DAY)
  .transform((text) => text.replace(/ 00:00:00 \+0000 UTC$/, ""))
  .pipe(z.iso.date(DAY).regex(/^2\d{3}-/, DAY));

/** AWS's standard partition; the program's ARNs name it. */
const REGIONS = (
  "af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1 " +
  "ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1 " +
  "eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 " +
  "me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2"
).split(" ");
export const region = z.enum(REGIONS, "a region such as us-east-1");
export const zone = pattern(/^[a-z]{2}-[a-z]+-\d[a-f]$/, "an availability zone such as us-east-1a");

export const accountId = pattern(/^(?!0{12})\d{12}$/, "an AWS account id of 12 digits");
export const principal = pattern(
  /^arn:aws:iam::\d{12}:(role|user)\/(?!aws-reserved\/|aws-service-role\/)([\w+=,.@/-]{1,510}\/)?[\w+=,.@-]{1,64}$/,
  "the ARN of an IAM role or user, such as arn:aws:iam::111122223333:role/platform; of an assumed-role it is the role's",
);
/** A stack's own; `parseConfig` holds that it is this stack's. */
export const permissionsBoundary = pattern(
  /^arn:aws:iam::\d{12}:policy\/sparki-[a-z0-9-]{1,64}-permission-boundary$/,
  "the ARN of the stack's permissions boundary, as delivery's output permissionsBoundaries tells it",
);

/** Of the account's own delivery; the stack's own account and region are held by the config as a whole. */
export const cacheEventsTopic = pattern(
  /^arn:aws:sns:[a-z0-9-]{1,32}:\d{12}:cache-events-sparki$/,
  "the ARN of the topic cache-events-sparki, as delivery's output cacheEventsTopic tells it",
);

const LABEL = "(?!-)[a-z0-9-]{1,63}(?<!-)";
/** No public certificate is issued for these: RFC 2606, 6761, 7686 and 8375, and what ICANN keeps for private use. */
const RESERVED_DOMAIN =
  /(?:^|\.)(?:alt|example|internal|invalid|lan|local|localhost|onion|test|home\.arpa|example\.(?:com|net|org))$/;
/**
 * What registries sell names below, of two labels: those that nearly every country has, and those of single ones. It is a
 * part of the list at https://publicsuffix.org, whose rarer suffixes of two labels, and those of three, are not known here.
 */
const PUBLIC_SUFFIX =
  /^(?:(?:ac|co|com|edu|gob|gouv|gov|gv|ltd|mil|ne|net|nom|or|org|plc|sch)\.[a-z]{2}|(?:ad|ed|go|gr|lg)\.jp|(?:go|pe|re)\.kr|(?:me|nhs|police)\.uk|(?:asn|id)\.au|go\.(?:id|ke|th|tz)|(?:biz|my|web)\.id|(?:firm|gen|ind|nic|res)\.in|(?:adv|art|blog|eco|ind)\.br|(?:geek|gen|iwi|maori|school)\.nz|idv\.tw|(?:gen|k12|web)\.tr|(?:law|school|web)\.za)$/;
/** What AWS serves its own endpoints and its customers' under, and others theirs: nobody can delegate a name below it to a zone. */
const OTHERS_DOMAIN = new RegExp(
  `(?:^|\\.)(?:${[
    ...["amazon", "aws", "amazon\\.com", "amazoncognito\\.com", "amazonaws\\.com(?:\\.cn)?", "amplifyapp\\.com"],
    ...["awsapprunner\\.com", "awsapps\\.com", "awsdns-\\d+\\.(?:com|net|org|co\\.uk)", "awsglobalaccelerator\\.com"],
    ...["cloudfront\\.net", "elasticbeanstalk\\.com"],
    ...["akamaized\\.net", "appspot\\.com", "azure\\.com", "azureedge\\.net", "azurefd\\.net", "azurewebsites\\.net"],
    ...["duckdns\\.org", "edgekey\\.net", "fastly\\.net", "firebaseapp\\.com", "fly\\.dev", "github\\.io"],
    ...[
      "githubusercontent\\.com",
      "gitlab\\.io",
      "herokuapp\\.com",
      "netlify\\.app",
      "ngrok(?:-free)?\\.(?:app|dev|io)",
    ],
    ...[
      "nip\\.io",
      "onrender\\.com",
      "pages\\.dev",
      "railway\\.app",
      "run\\.app",
      "sslip\\.io",
      "trafficmanager\\.net",
    ],
    ...["trycloudflare\\.com", "vercel\\.app", "web\\.app", "windows\\.net", "workers\\.dev"],
  ].join("|")})$`,
);
/** ACM takes no longer one as a certificate's first name (RFC 5280's bound of a common name). */
const MAX_CERTIFICATE_NAME = 64;
/** A name that someone can own and delegate: below a public suffix, as far as those are known here, and not below another's. */
export const domain = pattern(
  new RegExp(`^(${LABEL}\\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,58}[a-z0-9])$`),
  "a domain name",
)
  .max(MAX_CERTIFICATE_NAME, `a domain name of at most ${MAX_CERTIFICATE_NAME} characters, as ACM takes it`)
  .refine((name) => !RESERVED_DOMAIN.test(name), "a domain name that certificates are issued for")
  .refine((name) => !PUBLIC_SUFFIX.test(name), "a domain name below a public suffix, such as sparki.co.uk")
  .refine((name) => !OTHERS_DOMAIN.test(name), "a domain name of your own, not below AWS's or another provider's");

const VPC = "a whole /16 such as 10.40.0.0/16 of the private networks 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16";
/** What the subnets are cut from (infra/network.ts). */
export const vpcCidr = z
  .string(VPC)
  .regex(/^\d+\.\d+\.0\.0\/16$/, VPC)
  .refine(isPrivate, VPC);
const CIDR = "an IPv4 CIDR such as 10.50.0.0/16, written with its network's first address";
export const privateCidr = z
  .string(CIDR)
  .refine(isNetwork, CIDR)
  .refine(isPrivate, "an IPv4 CIDR of a private network, such as 10.50.0.0/16");
export const publicCidr = z
  .string(CIDR)
  .refine(isNetwork, CIDR)
  .refine(isPublic, "an IPv4 CIDR of public addresses, of a /8 at most, such as 203.0.113.0/24");

const SIZES = "(micro|small|medium|large|xlarge|(2|3|4|6|8|9|10|12|16|18|24|32|48)xlarge)";
const DATABASE_FAMILIES =
  "t3|t4g|m5d?|m6(g|gd|i|id|in|idn)|m7(g|i)|m8g|r5[bd]?|r6(g|gd|i|id|in|idn)|r7(g|i)|r8g|x2(g|idn|iedn)|z1d";
export const databaseClass = pattern(
  new RegExp(`^db\\.(${DATABASE_FAMILIES})\\.${SIZES}$`),
  "a class of RDS for PostgreSQL, such as db.r7g.large",
);
export const cacheType = pattern(
  new RegExp(`^cache\\.(t3|t4g|m5|m6g|m7g|r5|r6g|r6gd|r7g|c7gn)\\.${SIZES}$`),
  "a node type of ElastiCache, such as cache.r7g.large",
);
export const postgresVersion = pattern(
  /^1[3-8]\.(0|[1-9]\d?)$/,
  'a version of PostgreSQL from 13 to 18, such as "17.6", in quotes',
);
export const redisVersion = z.enum(["6.2", "7.0", "7.1"], "a version of Redis, in quotes: one of 6.2, 7.0, 7.1");
export const kubernetesVersion = pattern(
  /^1\.(2[89]|[34]\d)$/,
  "a Kubernetes minor version such as 1.33, in quotes: YAML reads 1.30 as the number 1.3",
);

/** With a dot or a port: what has neither is an owner at Docker Hub to whoever pulls it. */
const REGISTRY = "(?=[a-z0-9-]*[.:])[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[1-9]\\d{0,4})?";
const REPOSITORY = "[a-z0-9]+(?:[._-]+[a-z0-9]+)*";
export const digestReference = pattern(
  new RegExp(`^${REGISTRY}(?:\\/${REPOSITORY})+@sha256:[0-9a-f]{64}$`),
  "an image by digest: registry/name@sha256:<64 hex>",
).max(512, "an image by digest of at most 512 characters");

/** An image by digest, in its parts. */
export interface ImageReference {
  /** Such as `ghcr.io`, with the port where there is one. */
  readonly host: string;
  /** Such as `alexarno/sparki/engine`. */
  readonly repository: string;
  /** `sha256:<64 hex>`. */
  readonly digest: string;
}

/**
 * The parts of an image that was admitted as text: in the config, or in the record of a release that was deployed. The only
 * place that takes such a text apart.
 */
export function imageReference(text: string): ImageReference {
  const [name = "", digest = ""] = text.split("@");
  const slash = name.indexOf("/");
  return { host: name.slice(0, slash), repository: name.slice(slash + 1), digest };
}

/** Where an image is, whichever of its versions. */
export type ImagePlace = Pick<ImageReference, "host" | "repository">;

/** An image as people name it: by a tag, or by its digest. */
export interface NamedImage extends ImagePlace {
  /** A tag, or `sha256:<64 hex>`. */
  readonly version: string;
}

const NAMED_IMAGE = new RegExp(`^(${REGISTRY}(?:\\/${REPOSITORY})+)(?:@(sha256:[0-9a-f]{64})|:(\\w[\\w.-]{0,127}))$`);

/** The image that a text names, `registry/name:tag` or `registry/name@sha256:<64 hex>`; undefined where it names none so. */
export function namedImage(text: string): NamedImage | undefined {
  const [, place = "", digest, tag] = (text.length <= 512 && NAMED_IMAGE.exec(text)) || [];
  const version = digest ?? tag;
  if (version === undefined) return undefined;
  const { host, repository } = imageReference(place);
  return { host, repository, version };
}

/** Where an image is, whichever of its digests it is: `host/repository`. */
export function placeOfImage({ host, repository }: ImagePlace): string {
  return `${host}/${repository}`;
}

/** The image as config, charts and documents write it. */
export function imageText(image: ImageReference): string {
  return `${placeOfImage(image)}@${image.digest}`;
}

export const registryPrefix = pattern(
  new RegExp(`^${REGISTRY}\\/(?:${REPOSITORY}\\/)*$`),
  "the beginning of image names, ending with a slash, such as ghcr.io/owner/",
)
  .max(255, "the beginning of image names, of at most 255 characters")
  .regex(
    /^(?!(?:docker\.io|index\.docker\.io|gcr\.io|ghcr\.io|mcr\.microsoft\.com|public\.ecr\.aws|quay\.io|registry\.gitlab\.com|registry\.k8s\.io)\/$)/,
    "the beginning of image names including the owner, such as ghcr.io/owner/: anyone can push to a public registry",
  );

/** A Kubernetes label's value too. */
export const releaseId = pattern(
  /^[a-z0-9]([a-z0-9.-]{0,38}[a-z0-9])?$/,
  "a release id of at most 40 lower-case letters, digits, dots and dashes, with a letter or digit at both ends",
);

const URL_KIND = "a URL such as https://example.com";
/** Addresses that are no server's: of this network, and those that an instance asks AWS at. */
const NO_PLACE = /^(?:0|169\.254)\.[\d.]+$|^metadata\.google\.internal$/;
const HOST = /^(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)*(?!-)[a-z0-9-]{1,63}(?<!-)$/i;
/** An address on the web, without credentials, query or fragment. */
export const webUrl = z
  .string(URL_KIND)
  .max(2048, `${URL_KIND}, of at most 2048 characters`)
  .regex(/^https?:\/\/[^\s\\]+$/, URL_KIND)
  .refine(hasPlainHost, `${URL_KIND}, with its host in ASCII and without escapes`)
  .refine(isWebUrl, `${URL_KIND}, with a host, and without user, password, query or fragment`)
  // Paths are put behind it.
  .transform((text) => text.replace(/\/+$/, ""));

/** A host of look-alike letters, escapes or one number is read as another one than it looks. */
function hasPlainHost(text: string): boolean {
  const host = /^https?:\/\/([^/?#@:]*)/i.exec(text)?.[1]?.toLowerCase();
  const read = URL.parse(text)?.hostname;
  return read === undefined || text.includes("@") || text.includes("[") || read === host;
}

function isWebUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || !PRINTABLE.test(text)) return false;
  const { username, password, search, hash, hostname, port } = url;
  const isPlain = username + password + search + hash === "" && !/[?#@]/.test(text);
  return isPlain && HOST.test(hostname) && port !== "0" && !NO_PLACE.test(hostname);
}

export const repository = pattern(
  /^(?!-)[A-Za-z0-9-]{1,39}(?<!-)\/(?!\.{1,2}$)[\w.-]{1,100}(?<!\.git)$/,
  "a GitHub repository as owner/name",
);
export const path = line(1024, "a path");
export const publicKey = z
  .string()
  .max(4096)
  .regex(
    /^-----BEGIN PUBLIC KEY-----\r?\n[A-Za-z0-9+/=\r\n]{40,}-----END PUBLIC KEY-----\s*$/,
    "a public key as PEM, from -----BEGIN PUBLIC KEY----- to -----END PUBLIC KEY-----",
  )
  .refine(isPublicKey, "a valid public key as PEM, as cosign public-key prints it");
function isPublicKey(text: string): boolean {
  try {
    return createPublicKey(text).type === "public";
  } catch {
    return false;
  }
}

export const channel = pattern(
  /^#(?=.*[\p{Ll}\p{Lo}\d])[\p{Ll}\p{Lo}\d_-]{1,80}$/u,
  "a channel of Slack such as #incidents",
);
const MENTION = "a Slack mention, such as @on-call";
/** Slack's own groups: of a channel's people, of those who are there, of everyone. It reads a name without the signs behind it. */
const EVERYBODY = /^@(?:all|channel|everyone|group|here)[._-]*$/i;
export const mention = pattern(/^@(?=.*[a-z0-9])[\w.-]{1,80}$/i, MENTION).refine(
  (handle) => !EVERYBODY.test(handle),
  `${MENTION}: a person or a team; @channel, @here and @everyone would notify everyone`,
);
/** What stands in templates and forms until it is filled in. */
const NO_PLACEHOLDER =
  /^(?!(?:changeme|change-me|fixme|n\/a|nil|nobody|none|null|owner|tba|tbd|todo|undefined|unknown|x+|your[ -].*)$)/i;
/** A value of a tag at AWS. */
export const owner = line(128, "non-empty text")
  .regex(
    /^(?=.*\p{L})(?!\d+(?:\.\d+)?e[+-]?\d+$)[\p{L}\p{N}][\p{L}\p{N} .:/=+@_-]*$/u,
    "non-empty text that AWS accepts in a tag: letters, digits, spaces and . : / = + @ _ -",
  )
  .regex(/^(?!(?:aws|rds):)/i, "a name that does not begin with aws: or rds:, which AWS keeps for its own tags")
  .regex(NO_PLACEHOLDER, "who is responsible for the stack, such as platform-engineering");
/** A label of metrics and alerts, and a heading of reports. */
export const objectiveName = line(60, "a name with a letter or digit")
  .regex(/[a-z0-9]/i, "a name with a letter or digit")
  .regex(/^[^"'`\\{}$<>|]*$/, "a name with a letter or digit, without quotes, braces, and \\ $ < > |");

/** A region's zones: their names, which differ by account, and by the same index the ids that do not. */
interface RegionZones {
  readonly names: readonly string[];
  readonly zoneIds: readonly string[];
}

/**
 * Zones, by id, in which EKS places no control plane.
 * @see https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html#network-requirements-subnets
 */
const WITHOUT_EKS: readonly string[] = ["use1-az3", "usw1-az2", "cac1-az3"];

/** What is wrong with the zones of a stack in this account, in words; undefined where EKS takes all of them. */
export function zoneProblem(zones: readonly string[], { names, zoneIds }: RegionZones): string | undefined {
  const idOf = (zone: string) => zoneIds[names.indexOf(zone)];
  const good = names.filter((name) => !WITHOUT_EKS.includes(idOf(name) ?? ""));
  const problems = zones.flatMap((zone) => {
    const id = idOf(zone);
    if (id === undefined) return [`${zone} is not a zone of this account`];
    return WITHOUT_EKS.includes(id) ? [`${zone} is ${id} in this account, where EKS supports no clusters`] : [];
  });
  return problems.length === 0 ? undefined : `${problems.join("; ")}; expected some of ${good.join(", ")}`;
}
