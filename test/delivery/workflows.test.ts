import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { parse } from "yaml";
import { z } from "zod";
import { environmentOf } from "../../delivery/documents.ts";
import { places } from "../../delivery/places.ts";
import { loadCommands, runCommandLine } from "../../runbook/command-line.ts";
import { fakeClock } from "../support/fake-clock.ts";
import { begins, filledIn } from "../support/github-expressions.ts";
import { rawConfig } from "../support/stack-config.ts";
import { toolPath } from "../support/tool.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const FOLDER = join(ROOT, ".github", "workflows");
const NAMES = readdirSync(FOLDER).sort();

/** The workflows' texts by their file's name. */
type Texts = Readonly<Record<string, string>>;
const TEXTS: Texts = Object.fromEntries(NAMES.map((name) => [name, readFileSync(join(FOLDER, name), "utf8")]));

const values = z.record(z.string(), z.unknown());
const concurrencySchema = z.strictObject({ group: z.string(), "cancel-in-progress": z.boolean() });
const runSchema = z.strictObject({ shell: z.string(), "working-directory": z.string().optional() });
/** What GitHub knows beside it is used nowhere here: a container, a service, an error that is passed over, a shell of its own. */
const stepSchema = z.strictObject({
  name: z.string().optional(),
  id: z.string().optional(),
  if: z.string().optional(),
  uses: z.string().optional(),
  run: z.string().optional(),
  with: values.default({}),
  env: values.default({}),
});
const jobSchema = z.strictObject({
  name: z.string(),
  if: z.string().default(""),
  needs: z.union([z.string(), z.array(z.string())]).optional(),
  strategy: z.strictObject({ "fail-fast": z.literal(false), matrix: z.strictObject({ stack: z.string() }) }).optional(),
  "runs-on": z.string().optional(),
  uses: z.string().optional(),
  with: values.default({}),
  /** One by one, and never all that there are. */
  secrets: z.record(z.string(), z.string()).optional(),
  permissions: z.record(z.string(), z.string()).optional(),
  concurrency: concurrencySchema.optional(),
  environment: z.string().optional(),
  env: values.default({}),
  outputs: values.default({}),
  defaults: z.strictObject({ run: runSchema }).optional(),
  "timeout-minutes": z.number().optional(),
  steps: z.array(stepSchema).default([]),
});
type Job = z.infer<typeof jobSchema>;
const workflowSchema = z.strictObject({
  name: z.string(),
  "run-name": z.string().optional(),
  on: values,
  permissions: z.unknown(),
  concurrency: concurrencySchema.optional(),
  defaults: z.strictObject({ run: runSchema }).optional(),
  jobs: z.record(z.string(), jobSchema),
});

interface PlacedJob {
  /** `file job`. */
  readonly place: string;
  readonly file: string;
  readonly job: Job;
  readonly triggers: readonly string[];
}

const workflowIn = (text = "") => workflowSchema.parse(parse(text));

function jobsIn(texts: Texts): readonly PlacedJob[] {
  return Object.entries(texts).flatMap(([file, text]) => {
    const { jobs, on } = workflowIn(text);
    return Object.entries(jobs).map(([name, job]) => ({
      place: `${file} ${name}`,
      file,
      job,
      triggers: Object.keys(on),
    }));
  });
}

/** The jobs that bring a job about: itself, or those that call its workflow. */
function startersOf({ file, job, triggers, place }: PlacedJob, all: readonly PlacedJob[]): readonly PlacedJob[] {
  if (!triggers.includes("workflow_call")) return [{ file, job, triggers, place }];
  return all.filter((other) => other.job.uses === `./.github/workflows/${file}`);
}

const runsOf = ({ job }: PlacedJob) => job.steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
const usesAws = ({ job }: PlacedJob) => job.steps.some(({ uses }) => uses?.startsWith("aws-actions/"));
/** It changes a stack. */
const deploys = (placed: PlacedJob) => runsOf(placed).some((run) => /sparki(?:\.js)? (deploy|rollback) /.test(run));

/** Every line that calls sparki, as a shell would split it. */
function commandsIn(placed: PlacedJob): readonly (readonly string[])[] {
  const lines = runsOf(placed).flatMap((run) => run.split("\n"));
  return lines.flatMap((line) => {
    const called = /(?:npx|node|npm run(?: --silent)?) (?:runbook\/)?sparki(?:\.[jt]s)? (.*?)(?: *>.*| *\|\|.*)?$/.exec(
      line,
    )?.[1];
    return called === undefined ? [] : [(called.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^"|"$/g, ""))];
  });
}

/** What sparki's own parser says of a command line that it does not take; empty of one that it takes. */
async function refusal(argv: readonly string[]): Promise<string> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const ports = { stdout, stderr, clock: fakeClock(), env: {}, cwd: ROOT, signal: new AbortController().signal };
  const commands = await loadCommands(argv);
  const idle = async () =>
    commands.map((command) => ({ ...command, run: async () => ({ exitCode: 0, json: undefined }) }));
  const code = await runCommandLine(argv, ports, idle);
  return code === 0 ? "" : String(stderr.read());
}

const ACTION =
  /^(actions\/(?:checkout|setup-node|upload-artifact|download-artifact)|aws-actions\/configure-aws-credentials)@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;

function unpinned(texts: Texts): readonly string[] {
  const used = Object.entries(texts).flatMap(([file, text]) =>
    [...text.matchAll(/^ +(?:- )?uses: (.*)$/gm)].map(([, what = ""]) => ({ file, what })),
  );
  const isOwn = (what: string) => NAMES.some((name) => what === `./.github/workflows/${name}`);
  const pins = new Map<string, Set<string>>();
  for (const { what } of used) {
    const action = ACTION.exec(what)?.[1];
    if (action !== undefined) pins.set(action, (pins.get(action) ?? new Set()).add(what));
  }
  return [
    ...used.filter(({ what }) => !ACTION.test(what) && !isOwn(what)).map(({ file, what }) => `${file}: ${what}`),
    ...[...pins].filter(([, all]) => all.size > 1).map(([action]) => `${action} has two versions`),
  ];
}

const READ = { contents: "read" };
const WITH_ROLE = { contents: "read", "id-token": "write" };
/** What each job may do with the repository. */
const PERMISSIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "pull-request.yml checks": READ,
  "pull-request.yml affected": READ,
  "pull-request.yml plan": WITH_ROLE,
  "pull-request.yml review": READ,
  "review.yml destroy": {},
  "pull-request.yml comment": { contents: "read", "pull-requests": "write" },
  "deploy.yml staging": WITH_ROLE,
  "deploy.yml prod": WITH_ROLE,
  "deploy-stack.yml plan": WITH_ROLE,
  "deploy-stack.yml deploy": WITH_ROLE,
  "nightly.yml rehearsals": READ,
  "drift.yml look": WITH_ROLE,
  "drift.yml issue": { contents: "read", issues: "write" },
  "watch.yml look": WITH_ROLE,
  "drill.yml drill": WITH_ROLE,
  "drill.yml issue": { issues: "write" },
  "rollback.yml rollback": WITH_ROLE,
};

function permissionFaults(texts: Texts): readonly string[] {
  const atTop = Object.entries(texts).filter(([, text]) => JSON.stringify(workflowIn(text).permissions) !== "{}");
  const all = jobsIn(texts);
  const others = all.filter(
    ({ job, place }) => JSON.stringify(job.permissions) !== JSON.stringify(PERMISSIONS[place] ?? "none"),
  );
  const needless = all.filter(
    (placed) => placed.job.permissions?.["id-token"] === "write" && placed.job.uses === undefined && !usesAws(placed),
  );
  return [
    ...atTop.map(([file]) => `${file} has permissions for all its jobs`),
    ...others.map(({ place }) => `${place} has other permissions`),
    ...needless.map(({ place }) => `${place} asks AWS for nothing`),
  ];
}

function timeFaults(texts: Texts): readonly string[] {
  return jobsIn(texts)
    .filter(({ job }) => job.uses === undefined)
    .flatMap(({ job: { "timeout-minutes": minutes = 0, steps }, place }) => {
      const sessions = steps
        .filter(({ uses }) => uses?.startsWith("aws-actions/"))
        .map((step) => Number(step.with["role-duration-seconds"] ?? 3600) / 60);
      if (minutes < 1 || minutes > 300) return [`${place} has no limit of time`];
      return minutes > Math.min(...sessions) ? [`${place} may go on after its credentials`] : [];
    });
}

/** What changes a stack holds the stack's one group, and is never ended by another. */
function overlaps(texts: Texts): readonly string[] {
  const all = jobsIn(texts);
  const starters = all.filter(deploys).flatMap((placed) => startersOf(placed, all));
  return starters.flatMap(({ job: { concurrency, with: given }, place }) => {
    const stack = typeof given.stack === "string" ? given.stack : `\${{ inputs.stack }}`;
    const isHeld = concurrency?.group === `sparki-${stack}` && !concurrency["cancel-in-progress"];
    return isHeld ? [] : [`${place} may overlap with another change of its stack`];
  });
}

const FROM_HERE = "github.event.pull_request.head.repo.full_name == github.repository";
/** What each workflow runs on, by file: of all that GitHub knows, strangers cause most. */
const TRIGGERS: Readonly<Record<string, unknown>> = {
  "pull-request.yml": { pull_request: null, merge_group: null },
  "review.yml": { pull_request: { types: ["closed"] } },
  "deploy.yml": { push: { branches: ["main"] }, workflow_dispatch: null },
  "deploy-stack.yml": { workflow_call: expect.anything() },
  "nightly.yml": { schedule: expect.anything(), workflow_dispatch: null },
  "drift.yml": { schedule: expect.anything(), workflow_dispatch: null },
  "watch.yml": { schedule: expect.anything(), workflow_dispatch: null },
  "drill.yml": { schedule: expect.anything(), workflow_dispatch: null },
  "rollback.yml": { workflow_dispatch: expect.anything() },
};
const HOSTED = "ubuntu-24.04";
const OWN_RUNNER =
  /^\$\{\{ format\(fromJSON\(vars\.SPARKI_RUNNERS \|\| '\{\}'\)\[(?:matrix|inputs)\.stack\] \|\| 'ubuntu-24\.04', github\.run_id, github\.run_attempt\) \}\}$/;

/** A fork's pull request reaches nothing but checks on GitHub's own runners. */
function forkFaults(texts: Texts): readonly string[] {
  const others = Object.entries(texts).filter(([file, text]) => {
    const asymmetric: unknown = TRIGGERS[file];
    return !equals(workflowIn(text).on, asymmetric);
  });
  const jobs = jobsIn(texts).flatMap(({ job, place, triggers }) => {
    const reaches = /secrets\.|vars\.|github\.token|"write"/.test(JSON.stringify(job));
    const isGuarded = job.if.split("&&").some((part) => part.trim() === FROM_HERE) && !job.if.includes("||");
    const isOpen = triggers.includes("pull_request") && reaches && !isGuarded;
    const runner = job["runs-on"] ?? "";
    const isKnown = job.uses !== undefined || runner === HOSTED || OWN_RUNNER.test(runner);
    return [...(isOpen ? [`${place} runs for forks`] : []), ...(isKnown ? [] : [`${place} runs on ${runner}`])];
  });
  return [...others.map(([file]) => `${file} runs on something else`), ...jobs];
}

function equals(found: unknown, expected: unknown): boolean {
  try {
    expect(found).toEqual(expected);
    return true;
  } catch {
    return false;
  }
}

/** What runs in the jobs that test: they reach no secret and no role. */
const TESTED: Readonly<Record<string, readonly string[]>> = {
  "pull-request.yml checks": ["npm ci", "npm test"],
  "nightly.yml rehearsals": ["npm ci", "npm run test:all"],
};

/** Packages' own scripts run where nobody could take a role: a dependency that went bad would ask for it at its installation. */
function installFaults(texts: Texts): readonly string[] {
  return jobsIn(texts).flatMap((placed) => {
    const installs = runsOf(placed).filter((run) =>
      /\b(?:npm|pnpm|yarn|npx)\b(?! sparki)/.test(run.replaceAll(/npx sparki/g, "")),
    );
    const known = TESTED[placed.place] ?? ["npm ci --ignore-scripts && npm rebuild node"];
    return installs.filter((run) => !known.includes(run)).map((run) => `${placed.place} runs ${run.split("\n")[0]}`);
  });
}

/** What each action may be told; what else there is brings in another commit, another run's files, or a cache that others fill. */
const TOLD: Readonly<Record<string, readonly string[]>> = {
  "actions/checkout": ["persist-credentials", "fetch-depth", "path", "repository", "token"],
  "actions/setup-node": ["node-version", "package-manager-cache"],
  "actions/upload-artifact": ["name", "path", "include-hidden-files", "if-no-files-found", "retention-days"],
  "actions/download-artifact": ["name", "pattern", "path", "merge-multiple"],
  "aws-actions/configure-aws-credentials": [
    "role-to-assume",
    "role-session-name",
    "role-duration-seconds",
    "aws-region",
  ],
};

function inputFaults(texts: Texts): readonly string[] {
  return jobsIn(texts).flatMap((placed) =>
    placed.job.steps.flatMap(({ uses = "", with: given }) => {
      const action = uses.split("@")[0] ?? "";
      const others = Object.keys(given).filter((input) => uses !== "" && TOLD[action]?.includes(input) !== true);
      const cached = action === "actions/setup-node" && given["package-manager-cache"] !== false;
      // What one job of several stacks left could stand for another's.
      const mixed = given.pattern !== undefined && usesAws(placed);
      const outside = action === "actions/download-artifact" && !/^(?:deploy\/)?\.sparki\/plans$/.test(`${given.path}`);
      return [
        ...others.map((input) => `${placed.place} tells ${action} ${input}`),
        ...(cached ? [`${placed.place} may take packages from a cache`] : []),
        ...(mixed ? [`${placed.place} takes the files of several jobs, and has a role`] : []),
        ...(outside ? [`${placed.place} puts files into ${given.path}`] : []),
      ];
    }),
  );
}

/** Only these lines hand something on to later steps and jobs. */
const HANDED_ON = [
  'node delivery/plan-comment.ts outputs ".sparki/plans/$STACK.json" >> "$GITHUB_OUTPUT"',
  'echo "stacks=$stacks" >> "$GITHUB_OUTPUT"',
];

function handedOn(texts: Texts): readonly string[] {
  return jobsIn(texts).flatMap((placed) =>
    runsOf(placed)
      .flatMap((run) => run.split("\n"))
      .filter((line) => /GITHUB_(?:OUTPUT|ENV|PATH|STATE)|set-output|save-state|add-path|set-env/.test(line))
      .filter((line) => !HANDED_ON.includes(line.trim()))
      .map((line) => `${placed.place} hands on by ${line.trim()}`),
  );
}

/** Which stacks a change affects is asked so that no form of change hides a file. */
function comparisonFaults(texts: Texts): readonly string[] {
  const compared = jobsIn(texts).flatMap((placed) =>
    runsOf(placed)
      .flatMap((run) => run.split("\n"))
      .filter((line) => line.includes("git diff"))
      .map((line) => ({ line, place: placed.place })),
  );
  const whole = "git diff --no-renames --no-ext-diff --ignore-submodules=none --name-only HEAD^1 HEAD";
  return compared.filter(({ line }) => !line.includes(`$(${whole})`)).map(({ place }) => `${place} may miss a change`);
}

/** Whatever a run is told comes by its environment: text in a script's own place would be run. */
function insertedText(texts: Texts): readonly string[] {
  return jobsIn(texts).flatMap((placed) =>
    runsOf(placed)
      .filter((run) => run.includes(`\${{`))
      .map(() => placed.place),
  );
}

function scriptFaults(texts: Texts): readonly string[] {
  const withoutShell = Object.entries(texts).filter(([, text]) => {
    const { defaults, jobs } = workflowIn(text);
    return Object.values(jobs).some(({ steps }) => steps.length > 0) && defaults?.run.shell !== "bash";
  });
  const broken = jobsIn(texts).flatMap((placed) =>
    runsOf(placed)
      .filter((run) => spawnSync("bash", ["-n"], { input: run }).status !== 0)
      .map(() => `${placed.place} has a script that bash cannot read`),
  );
  // Without this shell a failure before a pipe is no failure.
  return [...withoutShell.map(([file]) => `${file} does not run bash with pipefail`), ...broken];
}

async function commandFaults(texts: Texts): Promise<readonly string[]> {
  const commands = jobsIn(texts).flatMap((placed) => commandsIn(placed).map((argv) => ({ argv, place: placed.place })));
  const told = commands.map(async ({ argv, place }) => {
    const problem = await refusal(argv);
    const stack = argv[argv.indexOf("--stack") + 1];
    const others = [
      ...(stack === "$STACK" ? [] : ["names no stack"]),
      ...(argv.includes("--json") ? [] : ["writes no document"]),
    ];
    return [...(problem === "" ? [] : [problem]), ...others].map((fault) => `${place}: ${argv[0]}: ${fault}`);
  });
  return (await Promise.all(told)).flat();
}

/** Only the plan job's own hash is deployed, and by no one else. */
function approvalFaults(texts: Texts): readonly string[] {
  const { jobs } = workflowIn(texts["deploy-stack.yml"]);
  const step = jobs.deploy?.steps.find(({ run }) => /sparki(?:\.js)? deploy /.test(run ?? ""));
  const plan = jobs.plan?.steps.find(({ run }) => run?.includes("sparki plan"));
  const all = jobsIn(texts).flatMap((placed) => commandsIn(placed));
  const deployments = all.filter(([command]) => command === "deploy");
  const approved = deployments.map((argv) => argv[argv.indexOf("--approved") + 1]);
  const facts = {
    "one command deploys": deployments.length === 1,
    "it deploys $HASH": approved.every((hash) => hash === "$HASH"),
    "the hash is the plan job's": step?.env.HASH === `\${{ needs.plan.outputs.hash }}`,
    "the plan job's hash is its plan's": jobs.plan?.outputs.hash === `\${{ steps.plan.outputs.hash }}`,
    "its plan's hash is read from the plan": plan?.run?.includes(
      'node delivery/plan-comment.ts outputs ".sparki/plans/$STACK.json" >> "$GITHUB_OUTPUT"',
    ),
    "the deployment waits for the plan": jobs.deploy?.needs === "plan",
    "nothing sets the hash anew": !JSON.stringify(jobs.deploy).match(/HASH=|GITHUB_ENV/),
  };
  return Object.entries(facts)
    .filter(([, isSo]) => isSo !== true)
    .map(([fact]) => `not so: ${fact}`);
}

function checkoutFaults(texts: Texts): readonly string[] {
  return jobsIn(texts).flatMap(({ job, place }) =>
    job.steps
      .filter(({ uses }) => uses?.startsWith("actions/checkout@"))
      .filter((step) => step.with["persist-credentials"] !== false)
      .map(() => `${place} keeps its token`),
  );
}

/** The role that restores backups elsewhere: no other command is run by it. */
const DRILL_ROLE = `\${{ fromJSON(vars.SPARKI_DRILL_ROLES)[matrix.stack] }}`;
/** It restores, and does nothing else. */
const drills = (placed: PlacedJob) => {
  const commands = commandsIn(placed).map(([command, what]) => `${command} ${what}`);
  return commands.length > 0 && commands.every((each) => each === "drill restore");
};

/** The deploying role is for a job in an environment on the main branch; everything else but a drill gets the role that plans. */
function roleFaults(texts: Texts): readonly string[] {
  const all = jobsIn(texts);
  return all.flatMap((placed) => {
    const { job, place } = placed;
    const roles = job.steps
      .filter(({ uses }) => uses?.startsWith("aws-actions/"))
      .map((step) => step.with["role-to-assume"]);
    const mayDeploy = job.environment !== undefined;
    const isRight = (role: unknown) =>
      mayDeploy
        ? role === `\${{ vars.SPARKI_DEPLOY_ROLE }}`
        : drills(placed)
          ? role === DRILL_ROLE
          : /^\$\{\{ fromJSON\(vars\.SPARKI_PLAN_ROLES\)\[(?:matrix|inputs)\.stack\] \}\}$/.test(String(role));
    const onMain = startersOf(placed, all).every((starter) =>
      starter.job.if.includes("github.ref == 'refs/heads/main'"),
    );
    return [
      ...roles.filter((role) => !isRight(role)).map((role) => `${place} takes ${role}`),
      ...(mayDeploy !== deploys(placed) ? [`${place} deploys outside of an environment, or has one for nothing`] : []),
      ...((mayDeploy || drills(placed)) && !onMain ? [`${place} runs on any branch`] : []),
    ];
  });
}

function environmentFaults(texts: Texts): readonly string[] {
  const calls = jobsIn(texts).filter(({ job }) => job.uses !== undefined);
  const wrong = calls.filter(({ job }) => job.with.environment !== environmentOf(String(job.with.stack)));
  const { jobs } = workflowIn(texts["deploy-stack.yml"]);
  const back = workflowIn(texts["rollback.yml"]);
  const form = z
    .object({
      inputs: z.object({
        stack: z.object({ options: z.array(z.string()) }),
        reason: z.object({ required: z.boolean() }),
      }),
    })
    .parse(back.on.workflow_dispatch);
  const stacks = places()
    .map(({ stack }) => stack)
    .sort();
  const same = (names: readonly unknown[]) => JSON.stringify([...names].sort()) === JSON.stringify(stacks);
  const facts = {
    "every stack is deployed": same(calls.map(({ job }) => job.with.stack)),
    "every stack can be rolled back": same(form.inputs.stack.options),
    "a rollback asks for a reason": form.inputs.reason.required,
    "a deployment runs in the environment that it is called with":
      jobs.deploy?.environment === `\${{ inputs.environment }}`,
    "a rollback runs in the stack's environment":
      back.jobs.rollback?.environment === `\${{ inputs.stack == 'prod' && 'production' || inputs.stack }}`,
  };
  const others = Object.entries(facts).filter(([, isSo]) => isSo !== true);
  return [
    ...wrong.map(({ place }) => `${place} has another environment`),
    ...others.map(([fact]) => `not so: ${fact}`),
  ];
}

/** The hash stands for the environment's settings: they are the same wherever something is planned or deployed. */
/** GitHub signals a step's own process alone, and npx passes no signal on: what changes something takes its shell's place. */
function cancelFaults(texts: Texts): readonly string[] {
  return jobsIn(texts).flatMap((placed) =>
    runsOf(placed)
      .flatMap((run) => run.split("\n"))
      .filter((line) => CHANGING.test(line) && !/^\s*exec node runbook\/sparki\.js /.test(line))
      .map((line) => `${placed.place} would not hear that it is cancelled: ${line.trim()}`),
  );
}

const CHANGING = /sparki(?:\.js)? (?:deploy|rollback|drill|rotate|recover|rebuild|housekeeping)\b/;

function settingFaults(texts: Texts): readonly string[] {
  const steps = jobsIn(texts).flatMap(({ job, place }) => job.steps.map((step) => ({ ...step, place })));
  const region = `\${{ vars.AWS_REGION || 'us-east-1' }}`;
  const otherRegion = steps.filter(
    ({ uses, with: given }) => uses?.startsWith("aws-actions/") && given["aws-region"] !== region,
  );
  // Controls are read against a simulated AWS.
  const otherState = steps.filter(
    ({ run, env }) =>
      /(?:npx sparki|sparki\.js) (?!controls )/.test(run ?? "") &&
      (env.PULUMI_BACKEND_URL !== `\${{ vars.PULUMI_BACKEND_URL }}` ||
        env.PULUMI_ACCESS_TOKEN !== `\${{ secrets.PULUMI_ACCESS_TOKEN }}`),
  );
  const atLarge = jobsIn(texts).filter(({ job }) => /secrets\.|github\.token/.test(JSON.stringify(job.env)));
  const needless = steps.filter(
    ({ run, env }) =>
      /secrets\.|github\.token/.test(JSON.stringify(env)) &&
      !/npx sparki|sparki\.js|gh api|api\.pulumi\.com/.test(run ?? ""),
  );
  return [
    ...needless.map(({ place }) => `${place} shows a secret to a step that has no use for it`),
    ...otherRegion.map(({ place }) => `${place} is in another region`),
    ...otherState.map(({ place }) => `${place} has another state`),
    ...atLarge.map(({ place }) => `${place} shows a secret to all its steps`),
  ];
}

type Rule = (texts: Texts) => readonly string[] | Promise<readonly string[]>;
interface Mutation {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly found: string;
}
const mutation = (file: string, from: string, to: string, found: string): Mutation => ({ file, from, to, found });

const GUARD = "github.event.pull_request.head.repo.full_name == github.repository";

/** Each rule, and the wrong workflows that it notices. */
const RULES: readonly (readonly [promise: string, rule: Rule, wrong: readonly Mutation[]])[] = [
  [
    "pins every action by the commit of a version, the same everywhere",
    unpinned,
    [
      mutation(
        "watch.yml",
        "de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2",
        "v6",
        "watch.yml: actions/checkout@v6",
      ),
      mutation("watch.yml", " # v6.0.2", "", "watch.yml: actions/checkout@de0fac2"),
      mutation("watch.yml", "@de0fac2e", "@ae0fac2e", "actions/checkout has two versions"),
      mutation("watch.yml", "actions/setup-node@", "somebody/setup-node@", "watch.yml: somebody/setup-node@"),
    ],
  ],
  [
    "gives no job more of the repository than it needs",
    permissionFaults,
    [
      mutation("watch.yml", "permissions: {}", "permissions: read-all", "watch.yml has permissions for all its jobs"),
      mutation("watch.yml", "      contents: read", "      contents: write", "watch.yml look has other permissions"),
      mutation("nightly.yml", "contents: read", "contents: write", "nightly.yml rehearsals has other permissions"),
      mutation(
        "review.yml",
        "permissions: {}\n    steps",
        "permissions: { contents: read }\n    steps",
        "other permissions",
      ),
      mutation("drift.yml", "  issue:\n", "  other:\n", "drift.yml other has other permissions"),
      mutation("watch.yml", "uses: aws-actions/", "uses: other/", "watch.yml look asks AWS for nothing"),
    ],
  ],
  [
    "limits the time of every job",
    timeFaults,
    [
      mutation("watch.yml", "    timeout-minutes: 15\n", "", "watch.yml look has no limit of time"),
      mutation("watch.yml", "timeout-minutes: 15", "timeout-minutes: 1500", "watch.yml look has no limit of time"),
      mutation(
        "watch.yml",
        "timeout-minutes: 15",
        "timeout-minutes: 61",
        "watch.yml look may go on after its credentials",
      ),
      mutation("deploy-stack.yml", "14400", "7200", "deploy-stack.yml deploy may go on after its credentials"),
    ],
  ],
  [
    "hears that it is cancelled, where it changes something",
    cancelFaults,
    [
      mutation(
        "deploy-stack.yml",
        "exec node runbook/sparki.js",
        "npx sparki",
        "deploy would not hear that it is cancelled",
      ),
      mutation("rollback.yml", "exec node runbook/sparki.js", "node runbook/sparki.js", "rollback would not hear"),
      mutation("drill.yml", "exec node", "code=0; node", "drill would not hear"),
    ],
  ],
  [
    "lets no two changes of one stack overlap, a rollback included, and ends none for another",
    overlaps,
    [
      mutation("deploy.yml", "group: sparki-prod", "group: deploy", "deploy.yml prod may overlap"),
      mutation("deploy.yml", "cancel-in-progress: false", "cancel-in-progress: true", "deploy.yml staging may overlap"),
      mutation("rollback.yml", "group: sparki-", "group: rollback-", "rollback.yml rollback may overlap"),
    ],
  ],
  [
    "gives a fork's pull request no secret, no role and no runner of ours",
    forkFaults,
    [
      mutation(
        "pull-request.yml",
        "on:\n  pull_request:",
        "on:\n  pull_request_target:",
        "pull-request.yml runs on something else",
      ),
      mutation(
        "pull-request.yml",
        "  pull_request:\n",
        "  pull_request_review:\n",
        "pull-request.yml runs on something",
      ),
      mutation("deploy.yml", "    branches: [main]\n", "    branches: ['**']\n", "deploy.yml runs on something else"),
      mutation("watch.yml", "  workflow_dispatch:\n", "  issues:\n", "watch.yml runs on something else"),
      mutation("nightly.yml", "  schedule:\n", "  pull_request:\n", "nightly.yml runs on something else"),
      mutation("pull-request.yml", "runs-on: ubuntu-24.04", "runs-on: self-hosted", "checks runs on self-hosted"),
      mutation(
        "pull-request.yml",
        "runs-on: ubuntu-24.04",
        `runs-on: \${{ vars.SPARKI_RUNNERS }}`,
        "pull-request.yml checks runs for forks",
      ),
      mutation("pull-request.yml", `if: ${GUARD} && needs`, "if: needs", "pull-request.yml plan runs for forks"),
      mutation(
        "pull-request.yml",
        `!cancelled() && ${GUARD}`,
        "!cancelled()",
        "pull-request.yml comment runs for forks",
      ),
      mutation("review.yml", "types: [closed]", "types: [closed, opened]", "review.yml runs on something else"),
      mutation("review.yml", `${GUARD} && `, "", "review.yml destroy runs for forks"),
      mutation("pull-request.yml", `${GUARD} && vars.SPARKI_REVIEW`, "vars.SPARKI_REVIEW", "review runs for forks"),
      mutation("pull-request.yml", `${GUARD} && vars`, `${GUARD} || vars`, "pull-request.yml affected runs for forks"),
      mutation(
        "pull-request.yml",
        "- run: npm test",
        `- run: npm test\n        env: { A: '\${{ secrets.A }}' }`,
        "checks runs for forks",
      ),
    ],
  ],
  [
    "runs no package's own script where there is a role or a token that writes",
    installFaults,
    [
      mutation(
        "deploy-stack.yml",
        "npm ci --ignore-scripts && npm rebuild node",
        "npm ci",
        "deploy-stack.yml plan runs npm ci",
      ),
      mutation("watch.yml", "npm rebuild node", "npm rebuild", "watch.yml look runs npm ci"),
      mutation("pull-request.yml", "run: npm test", "run: npx cowsay", "pull-request.yml checks runs npx cowsay"),
      mutation("nightly.yml", "npm run test:all", "npm exec cowsay", "nightly.yml rehearsals runs npm exec cowsay"),
    ],
  ],
  [
    "brings in no other commit, no other run's files and no cache",
    inputFaults,
    [
      mutation(
        "pull-request.yml",
        "fetch-depth: 0\n",
        `ref: \${{ github.head_ref }}\n`,
        "pull-request.yml checks tells actions/checkout ref",
      ),
      mutation(
        "watch.yml",
        "package-manager-cache: false",
        "cache: npm",
        "watch.yml look tells actions/setup-node cache",
      ),
      mutation(
        "watch.yml",
        "          package-manager-cache: false\n",
        "",
        "watch.yml look may take packages from a cache",
      ),
      mutation(
        "deploy-stack.yml",
        "path: deploy/.sparki/plans\n",
        "path: deploy/.sparki/plans\n          run-id: 1\n",
        "deploy-stack.yml deploy tells actions/download-artifact run-id",
      ),
      mutation(
        "deploy-stack.yml",
        `name: plan-\${{ inputs.stack }}\n          path: deploy`,
        "pattern: plan-*\n          path: deploy",
        "deploy-stack.yml deploy takes the files of several jobs",
      ),
      mutation(
        "deploy-stack.yml",
        "path: deploy/.sparki/plans\n",
        "path: deploy\n",
        "deploy-stack.yml deploy puts files into deploy",
      ),
    ],
  ],
  [
    "hands on to later steps what its own two lines say, and nothing else",
    handedOn,
    [
      mutation("watch.yml", "mkdir -p .sparki\n", 'echo "A=1" >> "$GITHUB_ENV"\n', "watch.yml look hands on by echo"),
      mutation("pull-request.yml", 'echo "stacks=$stacks"', 'echo "stacks=$changed"', "affected hands on by echo"),
      mutation(
        "deploy-stack.yml",
        "mkdir -p .sparki/plans",
        'echo evil >> "$GITHUB_PATH"',
        "plan hands on by echo evil",
      ),
    ],
  ],
  [
    "sees every file that a change has touched",
    comparisonFaults,
    [
      mutation("pull-request.yml", "--no-renames ", "", "pull-request.yml affected may miss a change"),
      mutation(
        "pull-request.yml",
        "HEAD^1 HEAD)",
        "HEAD^1 HEAD -- infra)",
        "pull-request.yml affected may miss a change",
      ),
    ],
  ],
  [
    "puts no text from outside into a script",
    insertedText,
    [mutation("rollback.yml", '"$REASON"', `"\${{ inputs.reason }}"`, "rollback.yml rollback")],
  ],
  [
    "has scripts that bash can read, and that end at the first failure",
    scriptFaults,
    [
      mutation("watch.yml", "shell: bash", "shell: sh", "watch.yml does not run bash with pipefail"),
      mutation("rollback.yml", "          fi\n", "", "rollback.yml rollback has a script that bash cannot read"),
    ],
  ],
  [
    "calls sparki as its own parser takes it, for the job's stack, and keeps the document",
    commandFaults,
    [
      mutation("watch.yml", "--once", "--onse", "watch.yml look: watch: SPARKI_USAGE: unknown option '--onse'"),
      mutation("watch.yml", "sparki watch", "sparki wotch", "unknown command 'wotch'"),
      mutation("rollback.yml", '--to "$TO"', '"$TO"', "too many arguments"),
      mutation("drift.yml", 'status --stack "$STACK"', "status --stack prod", "names no stack"),
      mutation("drift.yml", 'status --stack "$STACK" --json', 'status --stack "$STACK"', "writes no document"),
    ],
  ],
  [
    "deploys the hash that its own plan job put out, and nothing else",
    approvalFaults,
    [
      mutation("deploy-stack.yml", '--approved "$HASH" ', "", "it deploys $HASH"),
      mutation(
        "deploy-stack.yml",
        `HASH: \${{ needs.plan.outputs.hash }}`,
        `HASH: \${{ inputs.stack }}`,
        "the hash is the plan job's",
      ),
      mutation(
        "deploy-stack.yml",
        `hash: \${{ steps.plan.outputs.hash }}`,
        `hash: \${{ inputs.stack }}`,
        "the plan job's hash is its plan's",
      ),
      mutation(
        "deploy-stack.yml",
        "plan-comment.ts outputs",
        "other.ts outputs",
        "its plan's hash is read from the plan",
      ),
      mutation(
        "deploy-stack.yml",
        "run: exec node runbook/sparki.js deploy",
        "run: HASH=0 exec node runbook/sparki.js deploy",
        "nothing sets the hash anew",
      ),
      mutation("watch.yml", 'watch --stack "$STACK" --once', 'deploy --stack "$STACK" --yes', "one command deploys"),
    ],
  ],
  [
    "keeps no token in a checkout",
    checkoutFaults,
    [
      mutation(
        "watch.yml",
        "persist-credentials: false",
        "persist-credentials: true",
        "watch.yml look keeps its token",
      ),
    ],
  ],
  [
    "takes the deploying role in an environment on the main branch alone",
    roleFaults,
    [
      mutation(
        "deploy-stack.yml",
        `    environment: \${{ inputs.environment }}\n`,
        "",
        "deploy-stack.yml deploy takes",
      ),
      mutation(
        "watch.yml",
        "fromJSON(vars.SPARKI_PLAN_ROLES)[matrix.stack]",
        "vars.SPARKI_DEPLOY_ROLE",
        "watch.yml look takes",
      ),
      mutation("watch.yml", "SPARKI_PLAN_ROLES", "SPARKI_DRILL_ROLES", "watch.yml look takes"),
      mutation("drill.yml", "drill restore cache", "rotate redis-auth", "drill.yml drill takes"),
      mutation("drill.yml", "github.ref == 'refs/heads/main' && ", "", "drill.yml drill runs on any branch"),
      mutation(
        "watch.yml",
        "    timeout",
        "    environment: production\n    timeout",
        "watch.yml look deploys outside",
      ),
      mutation(
        "rollback.yml",
        "    if: github.ref == 'refs/heads/main'\n",
        "",
        "rollback.yml rollback runs on any branch",
      ),
      mutation(
        "deploy.yml",
        "if: github.ref == 'refs/heads/main' && ",
        "if: ",
        "deploy-stack.yml deploy runs on any branch",
      ),
    ],
  ],
  [
    "changes each stack in the environment of its name, and asks for a rollback's reason",
    environmentFaults,
    [
      mutation(
        "deploy.yml",
        "environment: production",
        "environment: staging",
        "deploy.yml prod has another environment",
      ),
      mutation("deploy.yml", "stack: prod\n", "stack: other\n", "not so: every stack is deployed"),
      mutation("rollback.yml", "[prod, staging]", "[prod]", "not so: every stack can be rolled back"),
      mutation("rollback.yml", "'production' ||", "'staging' ||", "not so: a rollback runs in the stack's environment"),
      mutation(
        "deploy-stack.yml",
        `environment: \${{ inputs.environment }}`,
        "environment: staging",
        "that it is called with",
      ),
      mutation(
        "rollback.yml",
        "type: string\n        required: true",
        "type: string\n        required: false",
        "asks for a reason",
      ),
    ],
  ],
  [
    "plans and deploys with the same settings, and shows a secret only to the step that needs it",
    settingFaults,
    [
      mutation("deploy-stack.yml", "|| 'us-east-1'", "|| 'eu-west-1'", "deploy-stack.yml plan is in another region"),
      mutation("watch.yml", `\${{ vars.PULUMI_BACKEND_URL }}`, "file://~", "watch.yml look has another state"),
      mutation(
        "watch.yml",
        `      STACK: \${{ matrix.stack }}`,
        `      STACK: \${{ secrets.A }}`,
        "shows a secret to all its steps",
      ),
      mutation(
        "watch.yml",
        "npm rebuild node\n",
        `npm rebuild node\n        env: { A: '\${{ secrets.A }}' }\n`,
        "watch.yml look shows a secret to a step that has no use for it",
      ),
    ],
  ],
];

describe("the workflows", () => {
  it("are found right by actionlint", () => {
    const files = NAMES.map((name) => join(FOLDER, name));
    // What these two would check is bash and Python on this machine: our scripts are checked below, and whether they are here is chance.
    const { status, stdout, stderr } = spawnSync(toolPath("actionlint"), ["-shellcheck=", "-pyflakes=", ...files], {
      encoding: "utf8",
    });
    expect(`${stdout}${stderr}`).toBe("");
    expect(status).toBe(0);
  });

  it("would not be, were there anything that GitHub does not know", () => {
    const text = TEXTS["watch.yml"]?.replace("matrix.stack }}\n    steps", "matrix.stock }}\n    steps");
    const { status, stdout } = spawnSync(toolPath("actionlint"), ["-shellcheck=", "-pyflakes=", "-"], {
      input: text,
      encoding: "utf8",
    });
    expect(status).toBe(1);
    expect(stdout).toContain('property "stock" is not defined');
  });

  it("check out the application that the stacks' configs name", () => {
    const used = jobsIn(TEXTS).flatMap(({ job }) => job.steps.flatMap((step) => step.with.repository ?? []));
    const named = places().map(({ stack }) => JSON.parse(rawConfig(stack)["sparki:preflight"] ?? "{}").repository);
    expect(new Set(used)).toEqual(new Set(named));
  });
});

describe("a merge queue", () => {
  const { on, jobs, concurrency } = workflowIn(TEXTS["pull-request.yml"]);

  it("gets the checks that a pull request needs, of which none would report otherwise, and nothing else", () => {
    expect(on).toHaveProperty("merge_group");
    const contexts = {
      github: { event: {}, repository: "alexarno/sparki-deploy", actor: "ada" },
      vars: { SPARKI_STACKS: "x" },
    };
    const status = { success: true, failure: false, cancelled: false, always: true };
    const begun = Object.entries(jobs).filter(([, job]) => begins(job.if, { ...contexts, needs: {} }, status));
    expect(begun.map(([name]) => name)).toEqual(["checks"]);
  });

  it("ends no check of another entry", () => {
    const group = (ref: string) => filledIn(concurrency?.group, { github: { ref, event: {} } });
    expect(group("refs/heads/gh-readonly-queue/main/pr-1")).not.toBe(group("refs/heads/gh-readonly-queue/main/pr-2"));
  });
});

describe("a run that is cancelled", () => {
  const scripts = jobsIn(TEXTS)
    .flatMap((placed) => runsOf(placed).map((run) => ({ place: placed.place, run })))
    .filter(({ run }) => CHANGING.test(run));

  it.each(scripts)("tells the command of it, though GitHub signals the shell alone: $place", async ({ run }) => {
    const folder = mkdtempSync(join(tmpdir(), "sparki-cancelled-"));
    mkdirSync(join(folder, "runbook"));
    mkdirSync(join(folder, ".sparki"));
    const told = "process.on('SIGINT', () => { process.stderr.write('told'); process.exit(130); });";
    const stub = `${told} process.stderr.write("ready"); setInterval(() => {}, 1000);`;
    writeFileSync(join(folder, "runbook", "sparki.js"), stub);
    writeFileSync(join(folder, "step.sh"), run);
    const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH}`, STACK: "prod", TO: "", HASH: "0" };
    const shell = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", "step.sh"], { cwd: folder, env });
    try {
      const said = async (text: string) => {
        for await (const chunk of shell.stderr.iterator({ destroyOnReturn: false }))
          if (String(chunk).includes(text)) return true;
        return false;
      };
      expect(await said("ready")).toBe(true);
      shell.kill("SIGINT");
      expect(await said("told")).toBe(true);
    } finally {
      shell.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("a workflow with what is used nowhere here", () => {
  it.each([
    ["a container", "watch.yml", "    timeout-minutes: 15\n", "    timeout-minutes: 15\n    container: evil\n"],
    ["a service", "watch.yml", "    timeout-minutes: 15\n", "    timeout-minutes: 15\n    services: {}\n"],
    [
      "an error that is passed over",
      "deploy-stack.yml",
      "      - name: Deploy what",
      "      - continue-on-error: true\n        name: Deploy what",
    ],
    [
      "a job's error that is passed over",
      "watch.yml",
      "    timeout-minutes: 15\n",
      "    timeout-minutes: 15\n    continue-on-error: true\n",
    ],
    ["a shell of its own", "watch.yml", "      - name: Look\n", "      - name: Look\n        shell: sh\n"],
    ["every secret", "deploy.yml", /secrets:\n( +\w+: .*\n)+/, "secrets: inherit\n"],
    ["variables for all jobs", "watch.yml", "permissions: {}\n", "permissions: {}\nenv: { A: b }\n"],
  ])("cannot be read: %s", (_, file, from, to) => {
    const text = TEXTS[file] ?? "";
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    expect(() => workflowIn(changed)).toThrow(/nrecognized key|expected record/);
  });
});

describe.each(RULES)("a workflow that %s", (_, rule, wrong) => {
  it("is every one here", async () => {
    expect(await rule(TEXTS)).toEqual([]);
  });

  it.each(wrong)("is not one where $file has $to for $from", async ({ file, from, to, found }) => {
    const text = TEXTS[file] ?? "";
    expect(text).toContain(from);
    expect((await rule({ ...TEXTS, [file]: text.replace(from, () => to) })).join("\n")).toContain(found);
  });
});
