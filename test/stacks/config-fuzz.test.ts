import fc from "fast-check";
import { DeployError } from "../../shared/deploy-error.ts";
import { parseConfig } from "../../stacks/config.ts";
import { rawConfig } from "../support/stack-config.ts";

// Ten thousand parses take seconds, and a minute on a busy machine.
jest.setTimeout(300_000);

type Value = unknown;
type Path = readonly (string | number)[];

const RUNS = 10_000;
const SEED = 20_261_128;

/** Prod's config, with every key that may be left out. */
function wholeConfig(): Record<string, Value> {
  const entries = Object.entries(rawConfig("prod")).map(([key, value]) => {
    const text = /^[[{]/.test(value) ? JSON.parse(value) : value;
    return [key.slice("sparki:".length), text];
  });
  const config: Record<string, Value> = Object.fromEntries(entries);
  const restoreTest = { on: "2026-10-01", by: "@dba-team", snapshot: "rds:sparki-prod-2026-09-30" };
  return {
    ...config,
    cluster: { ...Object(config.cluster), publicAccessCidrs: ["8.8.8.0/24"], privateAccessCidrs: ["10.9.0.0/16"] },
    gate: { ...Object(config.gate), maxWrongVerdictRatio: 0.05, healthDeadlineMinutes: 10, onInconclusive: "hold" },
    preflight: { ...Object(config.preflight), featureFlags: "flags.yaml", restoreTest },
    protection: true,
    production: false,
    relaxations: [{ control: "S24", reason: "staging holds no customer data" }],
    approvals: [{ resource: "web", action: "delete", by: "@alexarno", until: "2026-12-31" }],
  };
}

const CONFIG = wholeConfig();

/** Every place of the config: of keys, entries and what they hold. */
function placesIn(value: Value, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const inside = Array.isArray(value)
    ? value.flatMap((item, index) => placesIn(item, [...path, index]))
    : Object.entries(value).flatMap(([key, item]) => placesIn(item, [...path, key]));
  return path.length === 0 ? inside : [path, ...inside];
}

const PLACES = placesIn(CONFIG);

function at(value: Value, path: Path): Value {
  return path.reduce<Value>((found, key) => Reflect.get(Object(found), key), value);
}

/** A copy in which the value at a place is another one; undefined takes it away. */
function changed(value: Value, [key, ...rest]: Path, made: (old: Value) => Value): Value {
  if (key === undefined) return made(value);
  if (Array.isArray(value))
    return value.flatMap((item, index) => (index === key ? part(changed(item, rest, made)) : [item]));
  const { [key]: old, ...others } = Object(value);
  const next = changed(old, rest, made);
  return next === undefined ? others : { ...others, [key]: next };
}

const part = (value: Value) => (value === undefined ? [] : [value]);
const nested = (depth: number): Value => JSON.parse(`${"[".repeat(depth)}${"]".repeat(depth)}`);

/** What no field of any config means. */
const NONSENSE: readonly Value[] = [
  null,
  "",
  " ",
  "\t",
  "\n",
  "a\nb",
  "\u0000",
  "x\u202ey",
  " prod",
  "prod ",
  "x".repeat(5000),
  {},
  [],
  [[]],
  [null],
  { a: 1 },
  { length: 3 },
  { constructor: 1 },
  JSON.parse('{"__proto__":{"a":1}}'),
  { secure: "v1:x" },
  -1,
  -0.5,
  1e9,
  1e308,
  1e-308,
  Number.MAX_SAFE_INTEGER + 2,
  nested(200),
  "../../../etc/passwd\u0000",
];

/** Words that are text like any other where a field takes any text. */
const WORDS: readonly Value[] = [
  "null",
  "undefined",
  "NaN",
  "[object Object]",
  "true",
  "-1",
  "javascript:alert(1)",
  "💥",
  "'; DROP TABLE x; --",
];
const FREE_TEXT =
  /^owner$|^release\.id$|^objectives\.\d+\.name$|^preflight\.(checkout|migrations|featureFlags|restoreTest\.(by|snapshot))$|^(relaxations|exemptions|approvals)\./;

/** What one field never means though it is of its kind. */
const OWN: readonly (readonly [RegExp, readonly Value[]])[] = [
  [
    /Url$/,
    [
      "http://",
      "https://",
      "https:// a",
      "file:///etc/passwd",
      "data:text/plain,x",
      "//example.com",
      "https://u:p@example.com",
      "ftp://example.com",
      "https://example.com/#x",
      "https://-a.com",
      "https:example.com",
    ],
  ],
  [
    /^domain$/,
    [
      "a",
      "-a.com",
      "a-.com",
      "a..com",
      ".com",
      "a.com.",
      "a_b.com",
      "1.2.3.4",
      `${"a".repeat(64)}.com`,
      `${"a.".repeat(200)}com`,
      "https://a.com",
      "A.com",
      "*.a.com",
      "a.c",
      "com",
      "co.uk",
      "x.amazonaws.com",
      "d1.cloudfront.net",
      "github.io",
    ],
  ],
  [/^region$|^allowedRegions\.\d+$/, ["us-east-9", "mars", "us-east-1a", "US-EAST-1", "us_east_1"]],
  [/^allowedRegions$/, [["eu-west-1"], ["us-east-1", "us-east-1"]]],
  [/^accountId$/, ["0".repeat(12), "12", "1".repeat(13), "11112222333a", "١١١١٢٢٢٢٣٣٣٣"]],
  [
    /^network\.cidr$/,
    [
      "8.8.0.0/16",
      "127.0.0.0/16",
      "224.0.0.0/16",
      "169.254.0.0/16",
      "172.20.0.0/16",
      "172.32.0.0/16",
      "10.40.1.0/16",
      "10.40.0.0/8",
      "010.40.0.0/16",
      "0.0.0.0/0",
      "fd00::/16",
    ],
  ],
  [
    /^network\.zones$/,
    [["us-east-1a"], ["us-east-1a", "us-east-1a"], ["us-east-1a", ""], ["us-east-1a", "eu-west-1b"]],
  ],
  [/^network\.zones\.\d+$/, ["us-east-1", "eu-west-1a", "us-east-1z", "us-east-1-bos-1a"]],
  [
    /AccessCidrs\.\d+$/,
    [
      "0.0.0.0/0",
      "127.0.0.0/8",
      "224.0.0.0/4",
      "10.0.0.1/8",
      "10.0.0.0/33",
      "10.0.0/8",
      "256.0.0.0/8",
      "169.254.0.0/16",
      "::/0",
      "10.0.0.0",
    ],
  ],
  [/privateAccessCidrs\.\d+$/, ["8.8.8.0/24", "10.40.0.0/24", "172.20.1.0/24"]],
  [/publicAccessCidrs\.\d+$/, ["10.0.0.0/8", "8.0.0.0/6", "192.168.1.0/24"]],
  [/^cluster\.version$/, ["1.3", "2.0", "1.300", "v1.35", "1.35.1", 1.3, "latest"]],
  [
    /administrators\.\d+$/,
    [
      "arn:aws:sts::111122223333:assumed-role/a/b",
      "arn:aws:iam::111122223333:root",
      "arn:aws:iam::aws:policy/x",
      "arn:aws:iam::1:role/x",
      "arn:aws:iam::111122223333:role/*",
      "*",
      "role/platform",
    ],
  ],
  [/instanceClass$/, ["db.", "db.r7g", "db.r7g.", "db.large", "r7g.large", "db.r99.large", "cache.r7g.large"]],
  [/nodeType$/, ["cache.", "cache.r7g", "db.r7g.large", "cache.x.large"]],
  [
    /eventsTopic$/,
    [
      "cache-events-sparki",
      "arn:aws:sns:us-east-1:999999999999:cache-events-sparki",
      "arn:aws:sns:eu-west-1:111122223333:cache-events-sparki",
      "arn:aws:sns:us-east-1:111122223333:alarms-sparki",
      "arn:aws:sqs:us-east-1:111122223333:cache-events-sparki",
    ],
  ],
  [/^database\.engineVersion$/, ["17", "17.", ".6", "99.1", "9.6", 17.6, "17.6.1", "latest"]],
  [/^cache\.engineVersion$/, ["7", "99.9", 7.1, "latest"]],
  [/maxStorageGib$/, [100, 109, 65_537]],
  [/storageGib$/, [19, 1e6, 20.5]],
  [/[rR]eplicas$/, [201, 2.5]],
  [/backupDays$|snapshotDays$/, [36, 7.5]],
  [/maxRatio$|Ratio$/, [0, 1, 0.999, 2, 1e-9, "0.5"]],
  [/syntheticRequestsPerSecond$/, [0, 67, 0.01]],
  [/Minutes$/, [0, 1e-9, 241, 40_000]],
  [/seconds$/, [0, 61, 1e-9]],
  [/(replicas|Replicas|Days|zones|Gib|level|oldest)$/, [1.0000001]],
  [/\.(until|on)$/, ["0000-01-01", "9999-12-31", "2026-02-30", "2026-13-01", "tomorrow", "2026-1-1", "31.12.2026"]],
  [/reason$/, ["          ", "short"]],
  [/^floor\.zones$/, [4, 0]],
  [/^floor\.replicas$/, [4, 0]],
  [/^floor\.backupDays$/, [15]],
  [
    /images\.\w+$/,
    [
      "ghcr.io/x/engine:latest",
      "engine",
      "ghcr.io/x@sha256:abc",
      "ghcr.io//x@sha256:".padEnd(82, "a"),
      "@sha256:".padEnd(72, "a"),
    ],
  ],
  [/gitSha$/, ["0".repeat(40), "abc", "g".repeat(40)]],
  [/^release\.id$/, ["-a", "a-", "a.", "A", "a_b", "a".repeat(41), "a/b"]],
  [/^release\.schema\.(level|oldest)$/, [0, 10_000, 1.5]],
  [/allowedRegistries\.\d+$/, ["/", "ghcr.io", "https://ghcr.io/", "ghcr.io/a//", "*"]],
  [/channel$/, ["#", "incidents", "# incidents", "#a b"]],
  [/mention$/, ["@", "on-call", "@ on", "@channel", "@here", "@everyone"]],
  [/passwordsSince$|uthTokenSince$/, ["2999-12-31", "0000-01-01", "2026-02-30", "tomorrow"]],
  [/repository$/, ["a", "a/b/c", "/", "a/..", "-a/b", "https://github.com/a/b"]],
  [/kind$/, [{ type: "faults" }, { type: "errors", seconds: 1 }, { type: "slowerThan" }]],
];

/** Where one of the nonsense values means something. */
function isMeant(path: Path, value: Value): boolean {
  const name = path.join(".");
  const old = at(CONFIG, path);
  if (name === "protection" || name === "production") return value === "true";
  if (name === "preflight") return JSON.stringify(value) === "{}";
  if (/AccessCidrs$|^(relaxations|exemptions|approvals|cluster\.readers)$/.test(name))
    return JSON.stringify(value) === "[]";
  if (/AccessCidrs\.0$/.test(name)) return false;
  return FREE_TEXT.test(name) && typeof old === "string" && typeof value === "string" && WORDS.includes(value);
}

interface Mutation {
  readonly what: string;
  readonly path: Path;
  readonly config: Value;
  /** Whether it must be refused, and where the refusal must point to. */
  readonly refusedAt: string | undefined;
}

const nonsenseFor = (path: Path) => {
  const own = OWN.filter(([field]) => field.test(path.join("."))).flatMap(([, values]) => values);
  return [...NONSENSE, ...WORDS, ...own, ...own];
};

const OPTIONAL =
  /^(permissionsBoundary|preflight|production|protection|relaxations|exemptions|approvals|gate\.(maxWrongVerdictRatio|healthDeadlineMinutes|onInconclusive)|cluster\.(\w+Cidrs|readers)|cache\.(authTokenSince|eventsTopic)|database\.multiZone|network\.natGateways|storm\.(?!prometheusUrl)\w+|preflight\.\w+)$/;

const place = fc.constantFrom(...PLACES);
const replaced = place.chain((path) =>
  fc.constantFrom(...nonsenseFor(path)).map((value): Mutation => {
    const isSame = JSON.stringify(at(CONFIG, path)) === JSON.stringify(value);
    const refusedAt = isSame || isMeant(path, value) ? undefined : placeOf(path);
    return {
      what: `replaced by ${JSON.stringify(value)?.slice(0, 60)}`,
      path,
      config: changed(CONFIG, path, () => value),
      refusedAt,
    };
  }),
);
const removed = place.map((path): Mutation => {
  const isEntry = typeof path.at(-1) === "number";
  const refusedAt = isEntry || OPTIONAL.test(path.join(".")) ? undefined : placeOf(path);
  return { what: "removed", path, config: changed(CONFIG, path, () => undefined), refusedAt };
});
const objects = PLACES.filter((path) => typeof at(CONFIG, path) === "object" && !Array.isArray(at(CONFIG, path)));
const strange = fc.constantFrom("toString", "replica", "Cidr", " cidr", "", "$ref", "constructor", "😀", "cidr.zones");
const added = fc
  .tuple(fc.constantFrom([], ...objects), strange, fc.constantFrom(...NONSENSE))
  .map(([path, key, value]): Mutation => {
    const config = changed(CONFIG, path, (old) => ({ ...Object(old), [key]: value }));
    return { what: `${JSON.stringify(key)} added`, path, config, refusedAt: placeOf([...path, key]) };
  });
const lists = PLACES.filter(
  (path) => Array.isArray(at(CONFIG, path)) && !/^(exemptions|approvals|relaxations)$/.test(path.join(".")),
);
const doubled = fc.constantFrom(...lists).map((path): Mutation => {
  const config = changed(CONFIG, path, (old) => (Array.isArray(old) ? [...old, old[0]] : old));
  return { what: "an entry twice", path, config, refusedAt: placeOf(path) };
});
const random = fc.tuple(place, fc.anything({ maxDepth: 3, withNullPrototype: true })).map(([path, value]): Mutation => {
  return { what: "anything", path, config: changed(CONFIG, path, () => value), refusedAt: undefined };
});

function placeOf(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    if (!/^[\w$-]+$/.test(key)) return text === "" ? JSON.stringify(key) : `${text}[${JSON.stringify(key)}]`;
    return text === "" ? key : `${text}.${key}`;
  }, "");
}

/** As the engine hands it over: text, or JSON text. */
function asRaw(config: Value): Record<string, string> {
  const entries = Object.entries(Object(config)).flatMap(([key, value]) => {
    const text = typeof value === "string" ? value : (safeJson(value) ?? "");
    return [[`sparki:${key}`, text]];
  });
  return Object.fromEntries(entries);
}

function safeJson(value: Value): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return "[]";
  }
}

function refusalOf(config: Value): string | undefined {
  try {
    parseConfig(asRaw(config), "prod");
    return undefined;
  } catch (error) {
    if (error instanceof DeployError && error.code === "SPARKI_CONFIG") return error.message;
    throw error;
  }
}

const PROBLEM = /^ {2}\S.*? (?:is .+; expected .+|is not a known key(?:; did you mean .+\?)?)$/;
const REPAIR = /^ {4}(?:Edit Pulumi\.prod\.yaml: sparki:|Run: pulumi config set --stack prod sparki:)/;

describe("parseConfig", () => {
  it("accepts the config that the mutations begin with", () => {
    expect(refusalOf(CONFIG)).toBeUndefined();
  });

  it(`refuses what is nonsense in ${RUNS} mutations by its path, with what it found, what it expects and how to repair it`, () => {
    const wrong = new Set<string>();
    let refused = 0;
    const mutation = fc.oneof(
      { weight: 12, arbitrary: replaced },
      { weight: 2, arbitrary: removed },
      { weight: 2, arbitrary: added },
      doubled,
      { weight: 2, arbitrary: random },
    );
    for (const { what, path, config, refusedAt } of fc.sample(mutation, { numRuns: RUNS, seed: SEED })) {
      const message = refusalOf(config);
      const problem = (text: string) => wrong.add(`${placeOf(path)} ${what}: ${text}`);
      if (message === undefined) {
        if (refusedAt !== undefined) problem("accepted");
        continue;
      }
      refused += 1;
      const [, ...lines] = message.split("\n");
      for (const [index, line] of lines.entries())
        if (!(index % 2 === 0 ? PROBLEM : REPAIR).test(line)) problem(JSON.stringify(line));
      const places = lines.map((line) => / {2}(\S.*?) is /.exec(line)?.[1]);
      const isThere = (told = "?") =>
        refusedAt === undefined || told.startsWith(refusedAt) || refusedAt.startsWith(told);
      if (!places.some(isThere)) problem(`told elsewhere: ${message}`);
    }
    expect([...wrong]).toEqual([]);
    expect(refused).toBeGreaterThan(RUNS / 2);
  });
});
