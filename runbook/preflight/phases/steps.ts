/** One step of docs/bootstrap.md, as people read it: the page, `--help` and both commands take their words from here. */
export interface Step {
  /** Stable, for `--phase`, the JSON documents and the page. */
  readonly id: string;
  readonly title: string;
  readonly owner: string;
  readonly time: string;
  readonly price: string;
  /** Whether `sparki bootstrap` does it after a yes, or a person has to. */
  readonly doneBy: "sparki bootstrap" | "a person";
  /** The steps that have to be done before. */
  readonly needs: readonly string[];
  /** What is to be done, in a sentence or two; it stands in the page word for word. */
  readonly act: string;
  /** What to run next where a person does it; PROD stands for the stack's name. */
  readonly command?: string;
}

const NO_PRICE = "none";

export const STEPS = [
  {
    id: "account",
    title: "An account",
    owner: "the owner of your AWS organization",
    time: "an hour",
    price: NO_PRICE,
    doneBy: "a person",
    needs: [],
    act: "Create one account for each stack. Protect its root user with a second factor, and create no access keys for it. Create a role for administrators, and two IAM users with second factors and no permissions, for break-glass.",
    command: "aws sso login --profile <profile> && export AWS_PROFILE=<profile>",
  },
  {
    id: "tools",
    title: "Tools and checkout",
    owner: "the deployer",
    time: "15 minutes",
    price: NO_PRICE,
    doneBy: "a person",
    needs: [],
    act: "Clone the repository, install its packages, and build its tools. Put the Pulumi that it prints on PATH, and install the AWS CLI, version 2.",
    command: "npm ci --ignore-scripts && npm rebuild node && npm run tools",
  },
  {
    id: "quotas",
    title: "Quotas",
    owner: "the account's administrator",
    time: "minutes to ask, up to days until AWS agrees",
    price: NO_PRICE,
    doneBy: "a person",
    needs: [],
    act: "Ask AWS to raise the quotas that are too small for the stack. A new account has 5 elastic IP addresses and few processors.",
  },
  {
    id: "config",
    title: "Config",
    owner: "the deployer, with a review",
    time: "an hour",
    price: NO_PRICE,
    doneBy: "a person",
    needs: [],
    act: "Write the stack's settings into Pulumi.PROD.yaml and those of its delivery into delivery/Pulumi.PROD.yaml. Generate the IAM documents again, and commit all of them.",
    command: "npm run deploying-role",
  },
  {
    id: "delivery",
    title: "Delivery",
    owner: "the account's administrator",
    time: "minutes",
    price: "about 6 USD a month for six keys, cents for the buckets; GuardDuty and AWS Config by use",
    doneBy: "sparki bootstrap",
    needs: ["account", "config"],
    act: "Create what the account's stacks are deployed by: the program in delivery/, its state in a folder at first.",
  },
  {
    id: "mails",
    title: "Mails",
    owner: "everyone in sparki-delivery:alarms.emails",
    time: "minutes",
    price: NO_PRICE,
    doneBy: "a person",
    needs: ["delivery"],
    act: "Confirm both subscriptions by the links in AWS's mails. Until then no alarm reaches you.",
  },
  {
    id: "state",
    title: "Delivery's state in its own bucket",
    owner: "the account's administrator",
    time: "minutes",
    price: NO_PRICE,
    doneBy: "sparki bootstrap",
    needs: ["delivery"],
    act: "Move delivery's state from the folder into the bucket, encrypt its secrets by KMS, and prove by a preview without changes that nothing was lost. Then the folder is deleted.",
  },
  {
    id: "stack",
    title: "The deployment's stack",
    owner: "the deployer",
    time: "minutes",
    price: NO_PRICE,
    doneBy: "sparki bootstrap",
    needs: ["state"],
    act: "Create the empty stack in the bucket, with the KMS key for its secrets. Commit both config files: Pulumi wrote the key into them.",
  },
  {
    id: "checklist",
    title: "Checklist",
    owner: "the deployer",
    time: "minutes, and what it finds",
    price: NO_PRICE,
    doneBy: "a person",
    needs: ["stack"],
    act: "Fix what the checklist finds; docs/preflight.md says what each check wants.",
    command: "pulumi config set --secret sparki:slackToken --stack PROD",
  },
  {
    id: "network",
    title: "Network",
    owner: "the deployer",
    time: "minutes",
    price: "about 260 USD a month in three zones: NAT gateways and endpoints, which the price of sparki plan includes",
    doneBy: "sparki bootstrap",
    needs: ["quotas", "stack"],
    act: "Create the stack's keys and its network alone, so that CI's runner can stand inside it and deploy the rest. Until the first deployment nothing else is there.",
  },
  {
    id: "github",
    title: "GitHub",
    owner: "the repository's administrator",
    time: "half an hour",
    price: "by your plan of GitHub",
    doneBy: "a person",
    needs: ["delivery"],
    act: "Create the environment, its variable and the repository's variables, as docs/delivery.md lists them.",
  },
  {
    id: "runner",
    title: "The runner",
    owner: "the account's administrator, with the repository's",
    time: "half an hour",
    price: "0.01 USD for each minute that a job runs (BUILD_GENERAL1_MEDIUM), nothing in between",
    doneBy: "a person",
    needs: ["network"],
    act: "Create the connection to GitHub and confirm it in AWS's console. Write the runner's settings into delivery/Pulumi.PROD.yaml, update delivery, and set the variable SPARKI_RUNNERS.",
    command: "pulumi up --cwd delivery --stack PROD --policy-pack ../policies/delivery/pack",
  },
  {
    id: "ci",
    title: "First deployment, from CI",
    owner: "the deployer with a reviewer, and the owners of the parent DNS zone and of Storm",
    time: "about half an hour, and the delegation",
    price: "the monthly price that sparki plan shows, and the runner's minutes",
    doneBy: "a person",
    needs: ["github", "runner"],
    act: "Run the workflow Deploy, or merge. docs/production.md says what people do meanwhile. From here on people need the account for break-glass alone.",
    command: "gh workflow run deploy.yml",
  },
] as const satisfies readonly Step[];

export type StepId = (typeof STEPS)[number]["id"];

/** Of a step: its place in the list, from 1 on. */
export function numberOf(id: StepId): number {
  return STEPS.findIndex((step) => step.id === id) + 1;
}

/** The step that a number or a name means; undefined for anything else. */
export function stepNamed(name: string): (typeof STEPS)[number] | undefined {
  return STEPS.find(({ id }, index) => id === name || String(index + 1) === name);
}

/** The same text for a stack. */
export function forStack(text: string, stack: string): string {
  return text.replaceAll("PROD", stack);
}

/** The command that checks a step, as the page has it. */
export function checkCommand(id: StepId, stack: string): string {
  return `npx sparki preflight --stack ${stack} --phase ${id}`;
}

/** The list for `--help`: a line a step. */
export function stepsText(): string {
  return STEPS.map(({ id, title }, index) => `  ${String(index + 1).padStart(2)}  ${id.padEnd(12)}${title}`).join("\n");
}
