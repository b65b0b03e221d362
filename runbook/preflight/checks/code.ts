import { z } from "zod";
import { jsonIn, saidInstead } from "../../../io/http.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import { type Check, type Finding, fail, pass, skipped } from "../check.ts";
import { type PreflightContext, placeOf } from "../context.ts";

const BRANCH = "main";
const compareSchema = z.object({ status: z.string() });
const GOOD = ["success", "skipped", "neutral"];

/** A part of one of GitHub's lists, and how many the list has. */
interface Page<T> {
  readonly total: number;
  readonly items: readonly T[];
}

/** A page whose items GitHub keeps under this key. */
export function pageOf<T>(key: string, item: z.ZodType<T>): z.ZodType<Page<T>> {
  return z
    .record(z.string(), z.unknown())
    .transform((page) => ({ total: page.total_count, items: page[key] }))
    .pipe(z.object({ total: z.number(), items: z.array(item) }));
}

/** What CI says of the commit by one check. */
interface CheckRun {
  readonly name: string;
  readonly status: string;
  readonly conclusion: string | null;
}

const checksPage = pageOf(
  "check_runs",
  z.object({ name: z.string(), status: z.string(), conclusion: z.string().nullable() }),
);
const statusesPage = pageOf("statuses", z.object({ context: z.string(), state: z.string() }));
/** What GitHub Actions make of a commit, of which only jobs that began are check runs. */
const suitesPage = pageOf(
  "check_suites",
  z.object({
    id: z.number(),
    app: z.object({ slug: z.string() }).nullish(),
    status: z.string().nullable(),
    conclusion: z.string().nullable(),
    latest_check_runs_count: z.number().nullish(),
  }),
);

export const merged: Check = {
  id: "code-merged",
  group: "Application",
  title: "Code merged",
  proves: `The release's commit is on ${BRANCH}: it was reviewed and merged.`,
  timeLimitSeconds: 30,
  run: async (context, signal) => (await inCheckout(context, signal)) ?? (await onGitHub(context, signal)),
};

/**
 * What a clone of the application says; undefined when there is none that can tell: a clone of one branch has no other, what
 * was not fetched may be merged since, and in a shallow one what is merged has no way to the branch.
 */
async function inCheckout(context: PreflightContext, signal: AbortSignal): Promise<Finding | undefined> {
  const { config, commands, files } = context;
  const { checkout } = config.preflight;
  const { gitSha } = config.release;
  if (checkout === undefined) return undefined;
  const cwd = placeOf(context, checkout);
  if (files.list(cwd) === undefined) return undefined;
  const git = (...args: readonly string[]) => commands.git(args, { cwd, signal });
  const fetched = await git("fetch", "--quiet", "origin", `+refs/heads/${BRANCH}:refs/remotes/origin/${BRANCH}`);
  const known = await git("cat-file", "-e", `${gitSha}^{commit}`);
  if (known.code !== 0) return undefined;
  const { code } = await git("merge-base", "--is-ancestor", gitSha, `origin/${BRANCH}`);
  if (code === 0) return isMerged(gitSha, `origin/${BRANCH} of ${checkout}`);
  if (code !== 1 || fetched.code !== 0) return undefined;
  const shallow = await git("rev-parse", "--is-shallow-repository");
  return shallow.code === 0 && shallow.stdout.trim() === "false" ? isNotMerged(gitSha) : undefined;
}

async function onGitHub(context: PreflightContext, signal: AbortSignal): Promise<Finding> {
  const { gitSha } = context.config.release;
  const answer = await askGitHub(context, `compare/${BRANCH}...${gitSha}`, compareSchema, signal);
  if (answer.kind === "cannot ask")
    return skipped(`no clone tells whether commit ${short(gitSha)} is on ${BRANCH}, and ${answer.reason}`);
  if (answer.kind === "absent") return fail(`commit ${short(gitSha)} is not in ${answer.repository}`, FIX);
  const isOn = ["behind", "identical"].includes(answer.value.status);
  return isOn ? isMerged(gitSha, `${BRANCH} of ${answer.repository}`) : isNotMerged(gitSha);
}

const FIX = "release a commit that is merged, or correct sparki:release.gitSha";

function isMerged(gitSha: string, where: string): Finding {
  return pass(`commit ${short(gitSha)} is on ${where}`);
}

function isNotMerged(gitSha: string): Finding {
  return fail(`commit ${short(gitSha)} is not on ${BRANCH}`, FIX);
}

function short(gitSha: string): string {
  return gitSha.slice(0, 12);
}

export const ciGreen: Check = {
  id: "ci-green",
  group: "Application",
  title: "CI green",
  proves:
    "Every CI check on the release's commit succeeded or had nothing to do, at least one succeeded, and no workflow was kept from beginning.",
  timeLimitSeconds: 30,
  run: async (context, signal) => {
    const { gitSha } = context.config.release;
    const answer = await ofCommit(context, "check-runs", checksPage, signal);
    if (answer.kind === "cannot ask") return skipped(answer.reason);
    if (answer.kind === "absent") return fail(`commit ${short(gitSha)} is not in ${answer.repository}`, FIX);
    const { items: checks, total } = answer.value;
    const listed = await commitStatuses(context, signal);
    if (listed.kind === "cannot ask") return skipped(listed.reason);
    const statuses = listed.kind === "absent" ? [] : listed.value;
    const workflows = await unbegun(context, signal);
    if (workflows.kind === "cannot ask") return skipped(workflows.reason);
    const runs = [...checks, ...statuses, ...(workflows.kind === "absent" ? [] : workflows.value)];
    const fix = `https://github.com/${answer.repository}/commit/${gitSha}/checks`;
    if (runs.length === 0) return fail(`CI has not run on ${short(gitSha)}`, fix);
    const bad = runs.filter(({ status, conclusion }) => status !== "completed" || !GOOD.includes(conclusion ?? ""));
    if (bad.length === 0 && checks.length < total)
      return fail(`GitHub listed only ${checks.length} of ${total} checks`, fix);
    if (bad.length === 0 && !runs.some(({ conclusion }) => conclusion === "success"))
      return fail(`no check of CI on ${short(gitSha)} did anything: ${runs.length} were skipped or neutral`, fix);
    if (bad.length === 0) return pass(`${runs.length} checks on ${short(gitSha)} are green`);
    return fail(bad.map(({ name, status, conclusion }) => `${name}: ${conclusion ?? status}`).join(", "), fix);
  },
};

const MOST_PAGES = 10;

/** What GitHub lists of the release's commit, as far as it and the bound let. */
function ofCommit<T>(
  context: PreflightContext,
  list: string,
  schema: z.ZodType<Page<T>>,
  signal: AbortSignal,
): Promise<GitHubAnswer<Page<T>>> {
  const path = `commits/${context.config.release.gitSha}/${list}`;
  return pageByPage((page) => askGitHub(context, `${path}?per_page=100&page=${page}`, schema, signal), MOST_PAGES);
}

/** What tools that know no check runs say of the commit, as check runs; the newest of each context counts. */
async function commitStatuses(
  context: PreflightContext,
  signal: AbortSignal,
): Promise<GitHubAnswer<readonly CheckRun[]>> {
  const answer = await ofCommit(context, "status", statusesPage, signal);
  if (answer.kind !== "value") return answer;
  const found = answer.value.items.map(({ context: name, state }) => ({
    name,
    status: state === "pending" ? "pending" : "completed",
    conclusion: state === "pending" ? null : state,
  }));
  return { ...answer, value: [...found, ...unlisted(answer.value, "statuses")] };
}

/**
 * Workflows of GitHub Actions that have no job, as check runs: one that could not start, waits for an approval or for a
 * runner has none, and a commit without it looks green. Suites of other apps stay queued where the app has nothing to say.
 */
async function unbegun(context: PreflightContext, signal: AbortSignal): Promise<GitHubAnswer<readonly CheckRun[]>> {
  const answer = await ofCommit(context, "check-suites", suitesPage, signal);
  if (answer.kind !== "value") return answer;
  const own = answer.value.items.filter(
    ({ app, latest_check_runs_count: jobs }) => app?.slug === "github-actions" && jobs === 0,
  );
  const found = own.map(({ id, status, conclusion }) => ({
    name: `workflow without a job (check suite ${id})`,
    status: status ?? "unknown",
    conclusion,
  }));
  return { ...answer, value: [...found, ...unlisted(answer.value, "check suites")] };
}

/** What a list that was not read whole lacks, as a check run that is not green. */
function unlisted({ total, items }: Page<unknown>, what: string): CheckRun[] {
  const missing = total - items.length;
  return missing > 0 ? [{ name: `${missing} more ${what}`, status: "not listed", conclusion: null }] : [];
}

/** One of GitHub's lists as far as it goes; `isEnded` is false where the bound on its pages ended it before GitHub did. */
export async function pageByPage<T>(
  ask: (page: number) => Promise<GitHubAnswer<Page<T>>>,
  mostPages: number,
): Promise<GitHubAnswer<Page<T> & { readonly isEnded: boolean }>> {
  const items: T[] = [];
  for (let page = 1; ; page++) {
    const answer = await ask(page);
    if (answer.kind !== "value") return answer;
    const { total, items: more } = answer.value;
    items.push(...more);
    const isEnded = more.length === 0 || items.length >= total;
    if (isEnded || page === mostPages) return { ...answer, value: { total, items, isEnded } };
  }
}

export type GitHubAnswer<T> =
  | { readonly kind: "value"; readonly value: T; readonly repository: string }
  | { readonly kind: "absent"; readonly repository: string }
  | { readonly kind: "cannot ask"; readonly reason: string };

/** Asks GitHub's REST API about a repository, the application's by default; throws SPARKI_OUTSIDE when it answers with neither. */
export async function askGitHub<T>(
  { config, http, tokens }: PreflightContext,
  path: string,
  schema: z.ZodType<T>,
  signal: AbortSignal,
  repository = config.preflight.repository,
): Promise<GitHubAnswer<T>> {
  if (repository === undefined) return { kind: "cannot ask", reason: "no sparki:preflight.repository is configured" };
  if (tokens.github === undefined)
    return { kind: "cannot ask", reason: `GITHUB_TOKEN is not set: ${repository} was not asked` };
  const headers = {
    accept: "application/vnd.github+json",
    authorization: `Bearer ${tokens.github}`,
    "user-agent": "sparki",
    "x-github-api-version": "2022-11-28",
  };
  const answer = await http(`https://api.github.com/repos/${repository}/${path}`, {
    headers,
    timeoutSeconds: 15,
    signal,
  });
  if (!answer.answered) throw new DeployError("SPARKI_OUTSIDE", `api.github.com: ${answer.error}`);
  // A commit that is not there is "unprocessable" to some of its paths.
  if (answer.status === 404 || answer.status === 422) return { kind: "absent", repository };
  if (answer.status === 200) {
    const read = schema.safeParse(jsonIn(answer.body));
    if (read.success) return { kind: "value", value: read.data, repository };
    throw new DeployError(
      "SPARKI_OUTSIDE",
      `api.github.com returned something that GitHub would not: ${saidInstead(answer)}`,
      {
        hint: "check whether a login page or a proxy responds there: curl -I https://api.github.com",
      },
    );
  }
  if (MOVED.includes(answer.status))
    throw new DeployError("SPARKI_OUTSIDE", `${repository} has another name or owner at GitHub now`, {
      hint: `write its present name into the config in place of ${repository}: gh api repos/${repository} --jq .full_name`,
    });
  const limit = rateLimitOf(answer.status, answer.headers, answer.body);
  if (limit !== undefined)
    throw new DeployError(
      "SPARKI_OUTSIDE",
      `api.github.com refuses further requests for now: its rate limit is used up${limit}`,
      {
        hint: "run it again after that, or set GITHUB_TOKEN to a token with its own limit",
      },
    );
  throw new DeployError("SPARKI_OUTSIDE", `api.github.com answered ${answer.status} for ${repository}`, {
    hint: "set GITHUB_TOKEN to a token that may read the repository's contents and checks",
  });
}

/** How GitHub answers for a repository that was renamed or given to somebody else. */
const MOVED: readonly number[] = [301, 302, 307, 308];

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Until when, where the answer says that there were too many requests (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api). */
function rateLimitOf(status: number, headers: Headers, body: string): string | undefined {
  const isLimit = headers["x-ratelimit-remaining"] === "0" || /rate limit/i.test(body);
  if (status !== 429 && !(status === 403 && isLimit)) return undefined;
  const after = Number(headers["retry-after"]);
  if (after > 0) return `, for ${after} s`;
  const reset = Number(headers["x-ratelimit-reset"]);
  // A Date ends before that.
  return reset > 0 && reset < 8e12 ? `, until ${new Date(reset * 1000).toISOString()}` : "";
}
