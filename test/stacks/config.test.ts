import { DeployError } from "../../shared/deploy-error.ts";
import { fromEarlierProgram, parseConfig } from "../../stacks/config.ts";
import { rawConfig } from "../support/stack-config.ts";

function errorOf(raw: Record<string, string>): DeployError {
  try {
    parseConfig(raw, "prod");
  } catch (error) {
    if (error instanceof DeployError) return error;
    throw error;
  }
  throw new Error("the config was accepted");
}

function objectives(...names: readonly string[]): string {
  return JSON.stringify(names.map((name) => ({ name, kind: { type: "errors" }, maxRatio: 0.001 })));
}

const RESTORED = { on: "2026-11-30", by: "@dba-team", snapshot: "s" };

describe("parseConfig", () => {
  it("takes a Redis token without a day for as old as the passwords", () => {
    const raw = rawConfig("prod");
    const { authTokenSince: _, ...cache } = JSON.parse(raw["sparki:cache"] ?? "");
    const { database, cache: read } = parseConfig({ ...raw, "sparki:cache": JSON.stringify(cache) }, "prod");
    expect(read).toEqual({ ...cache, authTokenSince: database.passwordsSince });
  });

  it.each(["prod", "staging"])("accepts the config of %s", (stack) => {
    expect(parseConfig(rawConfig(stack), stack).domain).toBe(`${stack}.sparki.tools`);
  });

  it("keeps an account id of digits as text", () => {
    expect(parseConfig(rawConfig("prod"), "prod").accountId).toBe("111122223333");
  });

  it.each([
    ["as the engine decrypts it", "xoxb-very-secret"],
    ["as a file shows it", '{"secure":"v1:very-secret"}'],
  ])("accepts a secret of the commands %s, and never holds it", (_, value) => {
    const config = parseConfig({ ...rawConfig("prod"), "sparki:slackToken": value }, "prod");
    expect(JSON.stringify(config)).not.toContain("very-secret");
  });

  const broken: [string, Record<string, string>, string][] = [
    [
      "a backup time under a week",
      { "sparki:database": '{"backupDays":0}' },
      "database.backupDays is 0; expected a whole number from 7 to 35",
    ],
    [
      "an image by tag",
      { "sparki:release": '{"images":{"engine":"ghcr.io/x/engine:latest"}}' },
      'release.images.engine is "ghcr.io/x/engine:latest"; expected an image by digest',
    ],
    ["an unknown key", { "sparki:databse": "{}" }, "databse is not a known key; did you mean database?"],
    [
      "an unknown key below another",
      { "sparki:web": '{"replicas":1,"maxReplica":3}' },
      "web.maxReplica is not a known key; did you mean maxReplicas?",
    ],
    ["an unknown key like no other", { "sparki:xyzzy": "1" }, "xyzzy is not a known key\n"],
    ["a short account id", { "sparki:accountId": "12" }, 'accountId is "12"; expected an AWS account id of 12 digits'],
    [
      "a ratio of 1",
      { "sparki:objectives": '[{"name":"errors","kind":{"type":"errors"},"maxRatio":1}]' },
      "objectives[0].maxRatio is 1; expected a number above 0 and below 1",
    ],
    [
      "two objectives of one name",
      { "sparki:objectives": objectives("errors", "errors") },
      'objectives[1].name is "errors"; expected a name that alerts can distinguish from "errors"',
    ],
    [
      "two objectives with the same alerts",
      { "sparki:objectives": objectives("errors", "slow", "Errors!") },
      'objectives[2].name is "Errors!"; expected a name that alerts can distinguish from "errors"',
    ],
    [
      "an objective without a name for its alerts",
      { "sparki:objectives": objectives("!?") },
      'objectives[0].name is "!?"; expected a name with a letter or digit',
    ],
    [
      "a number that is text",
      { "sparki:objectives": '[{"name":"errors","kind":{"type":"errors"},"maxRatio":"0.002"}]' },
      'objectives[0].maxRatio is "0.002"; expected a number above 0 and below 1',
    ],
    [
      "an objective without a limit",
      { "sparki:objectives": '[{"name":"errors","kind":{"type":"errors"}}]' },
      "objectives[0].maxRatio is missing; expected a number above 0 and below 1",
    ],
    [
      "an objective of an unknown kind",
      { "sparki:objectives": '[{"name":"errors","kind":{"type":"faults"},"maxRatio":0.1}]' },
      'objectives[0].kind.type is "faults"; expected one of errors, slowerThan',
    ],
    [
      "a boundary that is no stack's",
      { "sparki:permissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess" },
      "expected the ARN of the stack's permissions boundary, as delivery's output permissionsBoundaries tells it",
    ],
    [
      "a boundary by its name",
      { "sparki:permissionsBoundary": "sparki-prod-permission-boundary" },
      'permissionsBoundary is "sparki-prod-permission-boundary"; expected the ARN',
    ],
    [
      "another stack's boundary",
      { "sparki:permissionsBoundary": "arn:aws:iam::111122223333:policy/sparki-staging-permission-boundary" },
      "expected arn:aws:iam::111122223333:policy/sparki-prod-permission-boundary, the stack's own boundary, or nothing",
    ],
    [
      "another account's boundary",
      { "sparki:permissionsBoundary": "arn:aws:iam::999999999999:policy/sparki-prod-permission-boundary" },
      "expected arn:aws:iam::111122223333:policy/sparki-prod-permission-boundary, the stack's own boundary, or nothing",
    ],
    [
      "another account's topic of caches",
      {
        "sparki:cache": JSON.stringify({
          ...JSON.parse(rawConfig("prod")["sparki:cache"] ?? "{}"),
          eventsTopic: "arn:aws:sns:us-east-1:999999999999:cache-events-sparki",
        }),
      },
      "expected arn:aws:sns:us-east-1:111122223333:cache-events-sparki: ElastiCache tells a topic of its own account",
    ],
    [
      "a topic of any name",
      {
        "sparki:cache": JSON.stringify({
          ...JSON.parse(rawConfig("prod")["sparki:cache"] ?? "{}"),
          eventsTopic: "arn:aws:sns:us-east-1:111122223333:any",
        }),
      },
      "expected the ARN of the topic cache-events-sparki, as delivery's output cacheEventsTopic tells it",
    ],
    ["a boolean that is text", { "sparki:protection": "maybe" }, 'protection is "maybe"; expected true or false'],
    ["no owner", { "sparki:owner": "" }, 'owner is ""; expected non-empty text'],
    [
      "an image whose registry is left out, which is Docker Hub's",
      { "sparki:release": `{"images":{"engine":"alexarno/engine@sha256:${"a".repeat(64)}"}}` },
      "expected an image by digest: registry/name@sha256",
    ],
    [
      "an address with a letter that looks like another",
      { "sparki:runbookUrl": "https://git\u04bbub.com/x" },
      "with its host in ASCII",
    ],
    ["an address whose host is a number", { "sparki:runbookUrl": "http://2130706433/x" }, "with its host in ASCII"],
    ["an address whose host is escaped", { "sparki:runbookUrl": "https://github%2ecom/x" }, "with its host in ASCII"],
    ["an address that is none", { "sparki:runbookUrl": "here" }, 'runbookUrl is "here"; expected a URL such as'],
    ["one zone", { "sparki:network": '{"zones":["us-east-1a"]}' }, "expected at least 2 entries"],
    [
      "an octet over 255",
      { "sparki:network": '{"cidr":"999.1.1.1/16"}' },
      'network.cidr is "999.1.1.1/16"; expected a',
    ],
    ["a prefix over 32", { "sparki:network": '{"cidr":"10.40.0.0/99"}' }, 'network.cidr is "10.40.0.0/99"; expected a'],
    [
      "a VPC that is no /16",
      { "sparki:network": '{"cidr":"10.40.0.0/20"}' },
      "expected a whole /16 such as 10.40.0.0/16",
    ],
    [
      "a client's network that is none",
      { "sparki:cluster": '{"publicAccessCidrs":["10.0.0.0/33"]}' },
      'cluster.publicAccessCidrs[0] is "10.0.0.0/33"; expected an IPv4 CIDR',
    ],
    [
      "more replicas than there may be",
      { "sparki:engine": '{"replicas":5,"maxReplicas":3}' },
      "engine.maxReplicas is 3; expected replicas or more",
    ],
  ];

  it.each(broken)("refuses %s with what it found and what it expects", (_, change, message) => {
    const error = errorOf({ ...rawConfig("prod"), ...change });
    expect(error.code).toBe("SPARKI_CONFIG");
    expect(error.message).toContain(message);
    expect(error.message).not.toMatch(/Invalid|Unrecognized|Too (small|big)|undefined/);
    expect(error.hint).toContain("run the same command again");
  });

  it.each([100, 200, 219])("refuses storage of 200 GiB that may grow to %d GiB only", (maxStorageGib) => {
    const raw = rawConfig("prod");
    const database = { ...JSON.parse(raw["sparki:database"] ?? "{}"), storageGib: 200, maxStorageGib };
    expect(errorOf({ ...raw, "sparki:database": JSON.stringify(database) }).message).toContain(
      `database.maxStorageGib is ${maxStorageGib}; expected at least 10 % more than storageGib`,
    );
  });

  it("takes a stack without a boundary, for one that people deploy", () => {
    const { "sparki:permissionsBoundary": _, ...raw } = rawConfig("prod");
    expect(parseConfig(raw, "prod").permissionsBoundary).toBeUndefined();
  });

  it("takes storage that may grow by 10 %", () => {
    const raw = rawConfig("prod");
    const database = { ...JSON.parse(raw["sparki:database"] ?? "{}"), storageGib: 200, maxStorageGib: 220 };
    expect(parseConfig({ ...raw, "sparki:database": JSON.stringify(database) }, "prod").database.maxStorageGib).toBe(
      220,
    );
  });

  it.each([
    [
      "the command for text at the top",
      "accountId",
      "12",
      "Run: pulumi config set --stack prod sparki:accountId <value>",
    ],
    [
      "the place of a key below another",
      "engine",
      '{"replicas":1}',
      "Edit Pulumi.prod.yaml: sparki:engine.maxReplicas",
    ],
    [
      "the place of an entry of a list",
      "objectives",
      '[{"name":"errors","kind":{"type":"errors"},"maxRatio":1}]',
      "Edit Pulumi.prod.yaml: sparki:objectives[0].maxRatio",
    ],
    ["the place of what is not text", "protection", "maybe", "Edit Pulumi.prod.yaml: sparki:protection"],
    ["the place of an unknown key", "webb", "{}", "Edit Pulumi.prod.yaml: sparki:webb"],
  ])("tells as a repair %s", (_, key, value, repair) => {
    expect(errorOf({ ...rawConfig("prod"), [`sparki:${key}`]: value }).message).toContain(`\n    ${repair}`);
  });

  it("lists every problem at once, and counts them", () => {
    const error = errorOf({ ...rawConfig("prod"), "sparki:accountId": "12", "sparki:region": "mars" });
    expect(error.message).toMatch(/^2 problems in the config of stack prod\n/);
    expect(error.message).toContain("accountId");
    expect(error.message).toContain("region");
    expect(errorOf({ ...rawConfig("prod"), "sparki:region": "mars" }).message).toMatch(/^1 problem in /);
  });

  it.each([
    [
      "staging-eu-west-1",
      "expected at most 10 characters: a target group would be sparki-staging-eu-west-1-engine-one-box",
    ],
    ["production-1", "and AWS takes 32"],
    ["a--b", "single dashes"],
    ["prod-", "single dashes"],
    ["Prod", "lower-case letters"],
    ["1prod", "begins with a letter"],
    ["pro_d", "lower-case letters"],
  ])("refuses the stack's name %s before anything is made, with what it would become (W10)", (stack, message) => {
    const raw = rawConfig("prod");
    const refusal = { code: "SPARKI_CONFIG", message: expect.stringContaining(message) };
    expect(() => parseConfig(raw, stack)).toThrow(expect.objectContaining(refusal));
    const own = {
      "sparki:permissionsBoundary": "arn:aws:iam::111122223333:policy/sparki-staging-eu-permission-boundary",
    };
    expect(() => parseConfig({ ...raw, ...own }, "staging-eu")).not.toThrow();
  });

  it.each([
    ["sparki:slackToken", "xoxb-1234-very-secret"],
    ["sparki:slackWebhook", "https://hooks.slack.com/services/T0/B0/very-secret"],
    ["sparki:slackToken", "anything-very-secret"],
    ["sparki:pagerdutyKey", "very-secret"],
    ["sparki:opsgenieKey", "very-secret"],
    ["sparki:heartbeatUrl", "https://heartbeat.test/very-secret"],
    ["aws:secretKey", "very-secret"],
    ["sparki:owner", "AKIAABCDEFGHIJKLMNOP"],
    ["sparki:runbookUrl", "https://user:very-secret@example.com"],
    ["sparki:preflight", '{"checkout":"ghp_verysecretverysecretverysecret"}'],
  ])("refuses %s in plain text with the command that encrypts it, and never tells it (W34)", (key, value) => {
    const raw = { ...rawConfig("prod"), [key]: value };
    const said = (plain: readonly string[]) => {
      try {
        parseConfig(raw, "prod", plain);
        return "";
      } catch (error) {
        return error instanceof DeployError ? error.message : String(error);
      }
    };
    expect(said([key])).toContain(`${key} is in plain text; expected a secret, encrypted`);
    expect(said([key])).toContain(`Run: pulumi config set --secret --stack prod ${key}`);
    expect(said([key])).not.toMatch(/very-?secret|AKIA/);
    expect(said([])).not.toContain("plain text");
  });

  it.each([
    ["cluster", { version: 1.3 }, 'cluster.version, and put quotes around it, as in "1.30"'],
    ["database", { engineVersion: 17.6 }, "database.engineVersion, and put quotes around it"],
    ["web", { replicas: "3" }, "web.replicas, and remove the quotes"],
  ])("says of a value in %s whether quotes are missing or too many (W40)", (key, change, repair) => {
    const raw = rawConfig("prod");
    const value = JSON.stringify({ ...JSON.parse(raw[`sparki:${key}`] ?? "{}"), ...change });
    expect(errorOf({ ...raw, [`sparki:${key}`]: value }).message).toContain(`Edit Pulumi.prod.yaml: sparki:${repair}`);
  });

  it("refuses storage that may grow by less than RDS's tenth (W77)", () => {
    const raw = rawConfig("prod");
    const at = (maxStorageGib: number) => {
      const database = { ...JSON.parse(raw["sparki:database"] ?? "{}"), storageGib: 100, maxStorageGib };
      return { ...raw, "sparki:database": JSON.stringify(database) };
    };
    expect(errorOf(at(100)).message).toContain("database.maxStorageGib is 100; expected");
    expect(errorOf(at(109)).message).toContain("database.maxStorageGib is 109; expected");
    expect(() => parseConfig(at(110), "prod")).not.toThrow();
  });

  it("takes the permission of one upgrade of PostgreSQL, from an older major version and by a person", () => {
    const raw = rawConfig("prod");
    const planned = (change: object) => {
      const majorUpgrade = { from: "16", snapshot: "before-17", by: "@ada", until: "2026-12-01", ...change };
      const database = { ...JSON.parse(raw["sparki:database"] ?? "{}"), engineVersion: "17.6", majorUpgrade };
      return { ...raw, "sparki:database": JSON.stringify(database) };
    };
    expect(parseConfig(planned({}), "prod").database.majorUpgrade?.from).toBe("16");
    const cases = [
      [{ from: "17" }, 'database.majorUpgrade.from is "17"; expected a major version before engineVersion'],
      [{ from: "16.10" }, 'database.majorUpgrade.from is "16.10"; expected a major version of PostgreSQL'],
      [{ snapshot: "rds:automatic" }, "database.majorUpgrade.snapshot"],
      [{ by: "the team" }, "database.majorUpgrade.by"],
      [{ until: "soon" }, "database.majorUpgrade.until"],
      [{ force: true }, "database.majorUpgrade"],
    ] as const;
    for (const [change, words] of cases) expect(errorOf(planned(change)).message).toContain(words);
  });

  it("refuses what contradicts another field, by its path (W40, W95)", () => {
    const raw = rawConfig("prod");
    const change = (key: string, value: object) =>
      errorOf({
        ...raw,
        [`sparki:${key}`]: JSON.stringify(
          Array.isArray(value) ? value : { ...JSON.parse(raw[`sparki:${key}`] ?? "{}"), ...value },
        ),
      }).message;
    expect(change("network", { zones: ["us-east-1a", "eu-west-1a"] })).toContain(
      'network.zones[1] is "eu-west-1a"; expected a zone of us-east-1',
    );
    expect(change("floor", { zones: 4 })).toContain("floor.zones is 4; expected at most 3");
    expect(change("floor", { replicas: 4 })).toContain("floor.replicas is 4; expected at most 3");
    expect(change("floor", { backupDays: 30 })).toContain("floor.backupDays is 30; expected at most 14");
    expect(change("allowedRegions", ["eu-west-1"])).toContain("expected a list with us-east-1");
    expect(change("cluster", { administrators: ["arn:aws:sts::111122223333:assumed-role/x/y"] })).toContain(
      "of an assumed-role it is the role's",
    );
    expect(change("cluster", { administrators: ["arn:aws:iam::999999999999:role/evil"] })).toContain(
      "expected a role or user of 111122223333, the stack's own account",
    );
    expect(change("cluster", { readers: ["arn:aws:iam::999999999999:role/evil"] })).toContain(
      'cluster.readers[0] is "arn:aws:iam::999999999999:role/evil"; expected a role or user of 111122223333',
    );
    const principal = (name: string) => `arn:aws:iam::111122223333:${name}`;
    expect(change("cluster", { administrators: [principal("role/a/x"), principal("role/b/x")] })).toContain(
      "cluster.administrators[1]",
    );
    expect(change("cluster", { administrators: [principal("role/x"), principal("user/X")] })).toContain(
      "expected a principal with another name than those before it, whatever its path and its case",
    );
    expect(change("cluster", { readers: [principal("role/a/y"), principal("role/Y")] })).toContain(
      "cluster.readers[1]",
    );
    for (const name of ["role/", "role/a/", `role/${"a".repeat(65)}`, "role/aws-service-role/x.amazonaws.com/y"])
      expect(change("cluster", { administrators: [principal(name)] })).toContain("the ARN of an IAM role or user");
    expect(change("cluster", { readers: ["arn:aws:iam::111122223333:user/platform-engineering"] })).toContain(
      "expected a principal whose name is not that of one of cluster.administrators",
    );
  });

  it.each<[string, unknown]>([
    ["owner", "TODO"],
    ["owner", "your-name"],
    ["owner", "undefined"],
    ["owner", "aws:platform"],
    ["owner", "RDS:platform"],
    ["domain", "sparki.local"],
    ["domain", "prod.example.com"],
    ["domain", "a.b.internal"],
    ["domain", "sparki.test"],
    ...[
      ...["com", "tools", "co.uk", "com.au", "org.nz", "go.jp", "me.uk", "gov.br"],
      ...["x.amazonaws.com", "a-1.us-east-1.elb.amazonaws.com", "amazonaws.com.cn", "d1.cloudfront.net", "x.on.aws"],
      ...["cloudfront.net", "github.io", "sparki.github.io", "sparki.vercel.app", "x.y.azurewebsites.net"],
    ].map((name): [string, unknown] => ["domain", name]),
    ["database.clientImage", `ghcr.io/alexarno/x@sha256:${"0".repeat(64)}`],
    ["database.clientImage", `registry.evil.io/x@sha256:${"a1".repeat(32)}`],
    ["engine.readinessPath", "/../ready"],
    ["engine.readinessPath", "//ready"],
    ["web.readinessPath", "/."],
    ["storm.prometheusUrl", "https://prometheus.tools:0"],
    ["storm.prometheusUrl", "http://169.254.169.254"],
    ["storm.grafanaUrl", "http://2852039166"],
    ["preflight.repository", "alexarno/sparki.git"],
    ["preflight.imageSignatureKey", `-----BEGIN PUBLIC KEY-----\n${"A".repeat(80)}\n-----END PUBLIC KEY-----`],
    ["contacts.incidents", { channel: "#--", mention: "@x" }],
    ["contacts.incidents", { channel: "#a", mention: "@.." }],
    ...["@channel", "@here", "@everyone", "@Channel", "@HERE", "@here.", "@group", "@all"].map(
      (mention): [string, unknown] => ["contacts.database", { channel: "#a", mention }],
    ),
    ["allowedRegistries", ["ghcr.io/"]],
    ["allowedRegistries", ["ghcr.io/alexarno/", "docker.io/"]],
  ])("refuses %s of %j, which nothing real has, and says what it expects", (path, value) => {
    const [key = "", field] = path.split(".");
    const raw = rawConfig("prod");
    const changed = field === undefined ? value : { ...JSON.parse(raw[`sparki:${key}`] ?? "{}"), [field]: value };
    const text = typeof changed === "string" ? changed : JSON.stringify(changed);
    const { message } = errorOf({ ...raw, [`sparki:${key}`]: text });
    expect(message).toMatch(new RegExp(`${path.replace(".", "\\.")}[\\w.[\\]]* is .*; expected `));
  });

  it.each([
    ["domain", "sparki.co.uk"],
    ["domain", "prod.sparki.com.au"],
    ["domain", "co.tools"],
    ["domain", "my-amazonaws.com"],
    ["domain", "github.io.sparki.tools"],
    ["contacts", { mention: "@channel-ops" }],
    ["contacts", { mention: "@heremans" }],
  ])("accepts %s of %j, which is somebody's own", (key, value) => {
    const raw = rawConfig("prod");
    const contacts = JSON.parse(raw["sparki:contacts"] ?? "{}");
    const changed =
      typeof value === "string" ? value : JSON.stringify({ ...contacts, database: { channel: "#a", ...value } });
    expect(() => parseConfig({ ...raw, [`sparki:${key}`]: changed }, "prod")).not.toThrow();
  });

  it.each([
    ["database", { passwordsSince: "2026-12-01" }, undefined],
    ["database", { passwordsSince: "2026-12-02" }, "database.passwordsSince"],
    ["database", { passwordsSince: "2999-01-01" }, "database.passwordsSince"],
    ["cache", { authTokenSince: "2026-12-01" }, undefined],
    ["cache", { authTokenSince: "2026-12-02" }, "cache.authTokenSince"],
    ["preflight", { restoreTest: { on: "2026-11-30", by: "@dba-team", snapshot: "s" } }, undefined],
    ["preflight", { restoreTest: { on: "2027-11-30", by: "@dba-team", snapshot: "s" } }, "preflight.restoreTest.on"],
    [
      "preflight",
      { restoreTest: { ...RESTORED, upgrade: { to: "18.1", on: "2026-11-29", outageSeconds: 580 } } },
      undefined,
    ],
    ["preflight", { restoreTest: { ...RESTORED, upgrade: { to: "18.1", on: "2026-11-29" } } }, undefined],
    [
      "preflight",
      { restoreTest: { ...RESTORED, upgrade: { to: "18.1", on: "2027-11-29" } } },
      "preflight.restoreTest.upgrade.on",
    ],
  ])("tells at the end of November 2026 whether %s may say %j", (key, change, place) => {
    const raw = rawConfig("prod");
    const changed = JSON.stringify({ ...JSON.parse(raw[`sparki:${key}`] ?? "{}"), ...Object(change) });
    const parsed = () =>
      parseConfig({ ...raw, [`sparki:${key}`]: changed }, "prod", [], Date.UTC(2026, 10, 30, 23, 59));
    if (place === undefined) return expect(parsed).not.toThrow();
    expect(parsed).toThrow(new RegExp(`${place} is "2.*"; expected the day on which .*, today or earlier`));
    return expect(parsed).toThrow(`Edit Pulumi.prod.yaml: sparki:${place}`);
  });

  it("takes an image of another registry's where that is allowed, and an address with a slash at its end without it", () => {
    const raw = rawConfig("prod");
    const database = {
      ...JSON.parse(raw["sparki:database"] ?? "{}"),
      clientImage: `own.io/x@sha256:${"a1".repeat(32)}`,
    };
    const config = parseConfig(
      {
        ...raw,
        "sparki:database": JSON.stringify(database),
        "sparki:allowedRegistries": '["ghcr.io/alexarno/","own.io/"]',
        "sparki:runbookUrl": "https://github.com/alexarno/sparki-deploy/blob/main/",
      },
      "prod",
    );
    expect(config.runbookUrl).toBe("https://github.com/alexarno/sparki-deploy/blob/main");
  });

  it.each(["*", "**", "*.*", "*-*", "*abc*", "?*"])("refuses an exemption and an approval of %j", (resource) => {
    const line = { resource, by: "@alexarno", until: "2026-12-31" };
    const exemption = { ...line, control: "S32", reason: "the runbook names 5432" };
    const raw = { ...rawConfig("prod"), "sparki:exemptions": JSON.stringify([exemption]) };
    expect(errorOf(raw).message).toContain("exemptions[0].resource");
    const approvals = { "sparki:approvals": JSON.stringify([{ ...line, action: "delete" }]) };
    expect(errorOf({ ...rawConfig("prod"), ...approvals }).message).toContain("approvals[0].resource");
  });

  it.each([
    ["@alexarno", true],
    ["alex.arno@sparki.tools", true],
    ["Alex Arno", true],
    ["Allison Hereford", true],
    ["@teamster", true],
    ["@abbott", true],
    ["platform-engineering", false],
    ["sre", false],
    ["@here", false],
    ["@channel", false],
    ["@dependabot", false],
    ["the team", false],
    ["on call", false],
    ["@on-call", false],
    ["Somebody Else", false],
    ["noreply@github.com", false],
    ["", false],
    [undefined, false],
  ])("lets %j answer for an exemption and an approval: %s", (by, isPerson) => {
    const line = { resource: "database-instance", by, until: "2026-12-31" };
    const exemption = { ...line, control: "S32", reason: "the runbook names 5432" };
    const raw = {
      ...rawConfig("prod"),
      "sparki:exemptions": JSON.stringify([exemption]),
      "sparki:approvals": JSON.stringify([{ ...line, action: "delete" }]),
    };
    if (isPerson) return expect(parseConfig(raw, "prod").exemptions).toHaveLength(1);
    expect(errorOf(raw).message).toContain("exemptions[0].by");
    return expect(errorOf(raw).message).toContain("approvals[0].by");
  });

  it("takes a stack for production unless its config says otherwise, whatever it is called", () => {
    const unbounded = (stack: string) =>
      Object.fromEntries(Object.entries(rawConfig(stack)).filter(([key]) => key !== "sparki:permissionsBoundary"));
    expect(parseConfig(unbounded("prod"), "staging").production).toBe(true);
    expect(parseConfig(unbounded("staging"), "prod").production).toBe(false);
  });

  it("refuses a schema whose oldest usable level is above its own", () => {
    const raw = rawConfig("prod");
    const release = JSON.parse(raw["sparki:release"] ?? "{}");
    const changed = JSON.stringify({ ...release, id: undefined, schema: { level: 2, oldest: 3 } });
    const { message } = errorOf({ ...raw, "sparki:release": changed });
    expect(message).toMatch(/release\.schema\.oldest is 3/);
    expect(message).toMatch(/release\.id is missing/);
  });
});

describe("fromEarlierProgram", () => {
  it("makes a service absent that the config's program did not have, and nothing else of it wrong", () => {
    const { "sparki:web": _, "sparki:release": release = "", ...others } = rawConfig("prod");
    const { images, ...rest } = JSON.parse(release);
    const { web: __, ...known } = images;
    const read = fromEarlierProgram({ ...others, "sparki:release": JSON.stringify({ ...rest, images: known }) });
    expect(read["sparki:absent"]).toBe('["web"]');
    // Only because every user needs this one.
    expect(errorOf(read).message.match(/^ {2}\S.*/gm)).toEqual([
      '  absent is ["web"]; expected a list without web, which every user needs',
    ]);
  });

  it("leaves a config alone that has every service", () => {
    expect(fromEarlierProgram(rawConfig("prod"))).toEqual(rawConfig("prod"));
  });
});
