import { parseDelivery } from "../../delivery/config.ts";
import { type DeliveredPlace, repositoryIn } from "../../delivery/places.ts";

const ACCOUNT = "111122223333";
const place = (stack: string, accountId: string, repository = "alexarno/sparki-deploy"): DeliveredPlace => ({
  ...{ stack, accountId, repository },
  region: "us-east-1",
  domain: `${stack}.sparki.tools`,
});
const all = [
  place("prod", ACCOUNT),
  place("staging", "444455556666"),
  place("lab", ACCOUNT, ""),
  { ...place("review", ACCOUNT), mayEnd: true },
  { ...place("pr-123", ACCOUNT), mayEnd: true },
];
const GOOD = {
  owner: "platform-engineering",
  accountId: ACCOUNT,
  region: "us-east-1",
  stacks: ["prod"],
  state: {},
  breakGlass: { principals: [`arn:aws:iam::${ACCOUNT}:user/one`] },
  alarms: { emails: ["platform@sparki.tools"] },
  budget: { monthlyUsd: 2500 },
  watch: { cloudTrail: true, guardDuty: false, config: false },
};
const NOW = Date.UTC(2026, 10, 29);
const parsed = (changes: object = {}, more: Readonly<Record<string, string>> = {}, plain: readonly string[] = []) => {
  const texts = Object.entries({ ...GOOD, ...changes }).filter(([, value]) => value !== undefined);
  const raw = texts.map(([key, value]) => [
    `sparki-delivery:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return parseDelivery({ ...Object.fromEntries(raw), ...more }, "prod", { plain, all, now: NOW });
};

describe("repositoryIn", () => {
  it.each([
    ["https://github.com/alexarno/sparki-deploy/blob/main/docs/runbook.md", "alexarno/sparki-deploy"],
    ["https://github.com/alexarno/sparki-deploy", "alexarno/sparki-deploy"],
    ["https://github.com/alexarno/sparki-deploy.git", "alexarno/sparki-deploy"],
    ["https://github.com/alexarno/sparki.deploy.js?tab=readme", "alexarno/sparki.deploy.js"],
    ["https://github.com/alexarno", ""],
    ["https://gitlab.com/alexarno/sparki-deploy", ""],
  ])("is of %s: %j", (url, repository) => {
    expect(repositoryIn(url)).toBe(repository);
  });
});

describe("parseDelivery", () => {
  it("takes what is named, fills in the rest, and says where the stacks are", () => {
    expect(parsed()).toMatchObject({
      protection: true,
      githubProvider: "make",
      state: { versionDays: 365 },
      places: [{ stack: "prod", repository: "alexarno/sparki-deploy" }],
    });
  });

  it("takes a repository with GitHub's numbers, and gives it to the places that it deploys", () => {
    const numbered = "alexarno@1234/sparki-deploy@5678";
    expect(parsed({ repositories: [numbered] }).places).toMatchObject([{ stack: "prod", numbered }]);
    expect(parsed().places[0]).not.toHaveProperty("numbered");
  });

  const CLOUD = {
    organization: "sparki",
    image: `ghcr.io/alexarno/deployments@sha256:${"a1".repeat(32)}`,
  };
  const REVIEW = { branch: "feature/x", by: "@alexarno" };
  it("takes a pull request's own stack with its branch, who has it and its end", () => {
    const endings = [{ stack: "pr-123", at: "2026-12-04T18:00:00Z", review: REVIEW }];
    expect(parsed({ stacks: ["pr-123"], pulumiCloud: { ...CLOUD, endings } }).pulumiCloud?.endings).toEqual(endings);
  });

  it("takes Pulumi Cloud's deployments by their organization and image, and lets no push deploy by itself", () => {
    expect(parsed({ pulumiCloud: CLOUD }).pulumiCloud).toEqual({
      ...CLOUD,
      identityProvider: "make",
      deployOnPush: [],
      drift: "17 5 * * *",
      endings: [],
    });
  });

  const RUNNER = {
    stack: "prod",
    vpcId: "vpc-0a1b2c3d",
    subnetIds: ["subnet-0a1b2c3d"],
    securityGroupId: "sg-0a1b2c3d",
    connectionArn: `arn:aws:codeconnections:us-east-1:${ACCOUNT}:connection/0a1b2c3d-0000-1111-2222-333344445555`,
  };
  const wrong: readonly (readonly [what: string, changes: object, words: string])[] = [
    ["a key that is not known", { budgets: {} }, "budgets is not a known key; did you mean budget?"],
    ["an inner key that is not known", { state: { days: 1 } }, "state.days is not a known key"],
    ["a missing key", { owner: undefined }, "owner is missing; expected non-empty text"],
    [
      "an account of another length",
      { accountId: "1111" },
      'accountId is "1111"; expected an AWS account id of 12 digits',
    ],
    [
      "a stack without a config",
      { stacks: ["live"] },
      'stacks[0] is "live"; expected a stack that has a config: one of prod',
    ],
    [
      "a stack of another account",
      { stacks: ["staging"] },
      "expected a stack of account 111122223333; staging is in 4444",
    ],
    ["a stack of no repository", { stacks: ["lab"] }, "expected a stack whose sparki:runbookUrl names its repository"],
    [
      "a repository without GitHub's numbers",
      { repositories: ["alexarno/sparki-deploy"] },
      "expected a repository with GitHub's numbers such as alexarno@1234/sparki-deploy@5678",
    ],
    [
      "a number for every repository",
      { repositories: ["alexarno@1234/sparki-deploy@*"] },
      "expected a repository with GitHub's numbers",
    ],
    [
      "a repository that deploys nothing here",
      { repositories: ["alexarno@1234/other@5678"] },
      "expected the repository of one of this account's stacks: alexarno/sparki-deploy",
    ],
    [
      "a repository of two numbers",
      { repositories: ["alexarno@1234/sparki-deploy@5678", "alexarno@1234/sparki-deploy@9"] },
      "expected a repository that is not in the list under other numbers",
    ],
    ["no stack", { stacks: [] }, "stacks is []; expected at least 1 entry"],
    [
      "the state's own region twice",
      { state: { replicaRegion: "us-east-1" } },
      "expected another region than the state's own",
    ],
    [
      "versions that are kept a day",
      { state: { versionDays: 1 } },
      "state.versionDays is 1; expected a whole number from 30",
    ],
    [
      "somebody of another account",
      { breakGlass: { principals: ["arn:aws:iam::444455556666:user/one"] } },
      "expected a principal of account 111122223333",
    ],
    ["everybody", { breakGlass: { principals: ["*"] } }, "expected the ARN of an IAM role or user"],
    ["a channel in place of a mail", { alarms: { emails: ["#platform"] } }, "expected an address of mail"],
    ["a budget of nothing", { budget: { monthlyUsd: 0 } }, "budget.monthlyUsd is 0; expected a whole number from 1"],
    ["a switch that is neither", { watch: { ...GOOD.watch, config: "on" } }, "expected true or false"],
    [
      "a runner of another stack",
      { runner: { ...RUNNER, stack: "staging" } },
      "expected one of this account's stacks: prod",
    ],
    [
      "a runner without its subnets",
      { runner: { ...RUNNER, subnetIds: [] } },
      "runner.subnetIds is []; expected at least 1",
    ],
    [
      "an organization as people write it",
      { pulumiCloud: { ...CLOUD, organization: "Sparki Inc" } },
      'pulumiCloud.organization is "Sparki Inc"; expected an organization of Pulumi Cloud, in lower case',
    ],
    [
      "an image that may become another",
      { pulumiCloud: { ...CLOUD, image: "pulumi/pulumi-nodejs:latest" } },
      "pulumiCloud.image is ",
    ],
    ["an unknown key of Pulumi Cloud", { pulumiCloud: { ...CLOUD, autoRemediate: true } }, "is not a known key"],
    [
      "a push to another account's stack",
      { pulumiCloud: { ...CLOUD, deployOnPush: ["staging"] } },
      'pulumiCloud.deployOnPush[0] is "staging"; expected one of this account\'s stacks: prod',
    ],
    ["a schedule in words", { pulumiCloud: { ...CLOUD, drift: "daily" } }, "expected a cron schedule in UTC"],
    [
      "the end of a stack that serves customers",
      { pulumiCloud: { ...CLOUD, endings: [{ stack: "prod", at: "2026-12-24T18:00:00Z" }] } },
      "expected a stack with sparki:production: false and sparki:protection: false in Pulumi.prod.yaml",
    ],
    [
      "an end that has been",
      { stacks: ["review"], pulumiCloud: { ...CLOUD, endings: [{ stack: "review", at: "2026-11-24T18:00:00Z" }] } },
      'endings[0].at is "2026-11-24T18:00:00Z"; expected a time to come',
    ],
    [
      "an end at a day",
      { stacks: ["review"], pulumiCloud: { ...CLOUD, endings: [{ stack: "review", at: "2026-12-24" }] } },
      "expected a time in UTC such as",
    ],
    [
      "a pull request's stack of nobody",
      { stacks: ["pr-123"], pulumiCloud: { ...CLOUD, endings: [{ stack: "pr-123", at: "2026-12-24T18:00:00Z" }] } },
      'endings[0].review is "missing"; expected branch and by for a stack pr-<number>',
    ],
    [
      "a branch for another stack",
      {
        stacks: ["review"],
        pulumiCloud: { ...CLOUD, endings: [{ stack: "review", at: "2026-12-24T18:00:00Z", review: REVIEW }] },
      },
      "and nothing for another",
    ],
    ...["main", "a b", "-x", "$(id)", "a;b"].map((branch): readonly [string, object, string] => [
      `the branch ${branch}`,
      {
        stacks: ["pr-123"],
        pulumiCloud: {
          ...CLOUD,
          endings: [{ stack: "pr-123", at: "2026-12-24T18:00:00Z", review: { ...REVIEW, branch } }],
        },
      },
      "expected the pull request's branch of this repository",
    ]),
    [
      "a team in place of a person",
      {
        stacks: ["pr-123"],
        pulumiCloud: {
          ...CLOUD,
          endings: [{ stack: "pr-123", at: "2026-12-24T18:00:00Z", review: { ...REVIEW, by: "@a b" } }],
        },
      },
      "expected a person's handle at GitHub",
    ],
    [
      "two ends of a stack",
      {
        stacks: ["review"],
        pulumiCloud: {
          ...CLOUD,
          endings: ["2026-12-24T18:00:00Z", "2026-12-25T18:00:00Z"].map((at) => ({ stack: "review", at })),
        },
      },
      'endings[1].stack is "review"; expected a stack that has no other ending',
    ],
  ];
  it.each(wrong)(
    "refuses %s, and says which key, what it found, what it expects and what to edit",
    (_, changes, words) => {
      expect(() => parsed(changes)).toThrow(words);
      expect(() => parsed(changes)).toThrow(
        /(Edit delivery\/Pulumi\.prod\.yaml: |--cwd delivery --stack prod )sparki-delivery:/,
      );
    },
  );

  it("tells every problem at once", () => {
    expect(() => parsed({ accountId: "1", region: "mars", budget: {} })).toThrow(
      "3 problems in the config of stack prod",
    );
  });

  it("refuses a secret in plain text without telling it", () => {
    const key = "sparki-delivery:token";
    const error = (() => {
      try {
        parsed({}, { [key]: "recognisable" }, [key]);
      } catch (caught) {
        return String(caught);
      }
      return "";
    })();
    expect(error).toContain("sparki-delivery:token is in plain text");
    expect(error).not.toContain("recognisable");
  });
});
