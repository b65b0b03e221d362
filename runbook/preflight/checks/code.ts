import { z } from "zod";
import { jsonIn, saidInstead } from "../../../io/http.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import { type Check, type Finding, fail, pass, skipped } from "../check.ts";
import { type PreflightContext, placeOf } from "../context.ts";

const BRANCH = "main";
const compareSchema = z.object({ status: z.string() });
const checksSchema = z.object({
  total_count: z.number(),
  check_runs: z.array(z.object({ name: z.string(), status: z.string(), conclusion: z.string().nullable() })),
});
type CheckRuns = z.infer<typeof checksSchema>;
const GOOD = ["success", "skipped", "neutral"];
/** What GitHub Actions make of a commit, of which only jobs that began are check runs. */
const suitesSchema = z
  .object({
    total_count: z.number(),
    check_suites: z.array(
      z.object({
        id: z.number(),
        app: z.object({ slug: z.string() }).nullish(),
        status: z.string().nullable(),
        conclusion: z.string().nullable(),
        latest_check_runs_count: z.number().nullish(),
      }),
    ),
  })
  .transform(({ total_count: total, check_suites: suites }) => ({ total, suites }));

export const merged: Check = {
  id: "code-merged",
  group: "Application",
  title: "Code merged",
  proves: `The release's commit is on ${BRANCH}: it was reviewed and merged.`,
  timeLimitSeconds: 30,
  run: async (context, signal) => (await inCheckout(context, signal)) ?? (await onGitHub(context, signal)),
};

/** What a clone of the application says; undefined when there is none that knows the commit. */
async function inCheckout(context: PreflightContext, signal: AbortSignal): Promise<Finding | undefined> {
  const { config, commands, files } = context;
  const { checkout } = config.preflight;
  const { gitSha } = config.release;
  if (checkout === undefined) return undefined;
  const cwd = placeOf(context, checkout);
  if (files.list(cwd) === undefined) return undefined;
  await commands.git(["fetch", "--quiet", "origin", BRANCH], { cwd, signal });
  const known = await commands.git(["cat-file", "-e", `${gitSha}^{commit}`], { cwd, signal });
  if (known.code !== 0) return undefined;
  const { code } = await commands.git(["merge-base", "--is-ancestor", gitSha, `origin/${BRANCH}`], { cwd, signal });
  return code === 0 ? isMerged(gitSha, `origin/${BRANCH} of ${checkout}`) : isNotMerged(gitSha);
}

async function onGitHub(context: PreflightContext, signal: AbortSignal): Promise<Finding> {
  const { gitSha } = context.config.release;
  const answer = await askGitHub(context, `compare/${BRANCH}...${gitSha}`, compareSchema, signal);
  if (answer.kind === "cannot ask") return skipped(`no clone knows commit ${short(gitSha)}, and ${answer.reason}`);
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
    const answer = await checkRuns(context, signal);
    if (answer.kind === "cannot ask") return skipped(answer.reason);
    if (answer.kind === "absent") return fail(`commit ${short(gitSha)} is not in ${answer.repository}`, FIX);
    const { check_runs, total_count: total } = answer.value;
    const listed = await commitStatuses(context, signal);
    if (listed.kind === "cannot ask") return skipped(listed.reason);
    const statuses = listed.kind === "absent" ? [] : listed.value;
    const workflows = await unbegun(context, signal);
    if (workflows.kind === "cannot ask") return skipped(workflows.reason);
    const runs = [...check_runs, ...statuses, ...(workflows.kind === "absent" ? [] : workflows.value)];
    const fix = `https://github.com/${answer.repository}/commit/${gitSha}/checks`;
    if (runs.length === 0) return fail(`CI has not run on ${short(gitSha)}`, fix);
    const bad = runs.filter(({ status, conclusion }) => status !== "completed" || !GOOD.includes(conclusion ?? ""));
    if (bad.length === 0 && check_runs.length < total)
      return fail(`GitHub listed only ${check_runs.length} of ${total} checks`, fix);
    if (bad.length === 0 && !runs.some(({ conclusion }) => conclusion === "success"))
      return fail(`no check of CI on ${short(gitSha)} did anything: ${runs.length} were skipped or neutral`, fix);
    if (bad.length === 0) return pass(`${runs.length} checks on ${short(gitSha)} are green`);
    return fail(bad.map(({ name, status, conclusion }) => `${name}: ${conclusion ?? status}`).join(", "), fix);
  },
};

const MAX_PAGES = 10;

const statusesSchema = z.object({
  total_count: z.number(),
  statuses: z.array(z.object({ context: z.string(), state: z.string() })),
});

/** What tools that know no check runs say of the commit, as check runs; the newest of each context counts. */
async function commitStatuses(
  context: PreflightContext,
  signal: AbortSignal,
): Promise<GitHubAnswer<CheckRuns["check_runs"]>> {
  const found: CheckRuns["check_runs"] = [];
  for (let page = 1; ; page++) {
    const path = `commits/${context.config.release.gitSha}/status?per_page=100&page=${page}`;
    const answer = await askGitHub(context, path, statusesSchema, signal);
    if (answer.kind !== "value") return answer;
    const { statuses, total_count } = answer.value;
    found.push(
      ...statuses.map(({ context: name, state }) => ({
        name,
        status: state === "pending" ? "pending" : "completed",
        conclusion: state === "pending" ? null : state,
      })),
    );
    if (found.length >= total_count) return { ...answer, value: found };
    if (statuses.length > 0 && page < MAX_PAGES) continue;
    found.push({ name: `${total_count - found.length} more statuses`, status: "not listed", conclusion: null });
    return { ...answer, value: found };
  }
}

/** All check runs of the release's commit, page after page as far as GitHub and the bound let. */
async function checkRuns(context: PreflightContext, signal: AbortSignal): Promise<GitHubAnswer<CheckRuns>> {
  const runs: CheckRuns["check_runs"] = [];
  for (let page = 1; ; page++) {
    const path = `commits/${context.config.release.gitSha}/check-runs?per_page=100&page=${page}`;
    const answer = await askGitHub(context, path, checksSchema, signal);
    if (answer.kind !== "value") return answer;
    const { check_runs, total_count } = answer.value;
    runs.push(...check_runs);
    const isLast = check_runs.length === 0 || runs.length >= total_count || page === MAX_PAGES;
    if (isLast) return { ...answer, value: { total_count, check_runs: runs } };
  }
}

/**
 * Workflows of GitHub Actions that have no job, as check runs: one that could not start, waits for an approval or for a
 * runner has none, and a commit without it looks green. Suites of other apps stay queued where the app has nothing to say.
 */
async function unbegun(context: PreflightContext, signal: AbortSignal): Promise<GitHubAnswer<CheckRuns["check_runs"]>> {
  const found: CheckRuns["check_runs"] = [];
  let seen = 0;
  for (let page = 1; ; page++) {
    const path = `commits/${context.config.release.gitSha}/check-suites?per_page=100&page=${page}`;
    const answer = await askGitHub(context, path, suitesSchema, signal);
    if (answer.kind !== "value") return answer;
    const { total, suites } = answer.value;
    seen += suites.length;
    const own = suites.filter(({ app, latest_check_runs_count: jobs }) => app?.slug === "github-actions" && jobs === 0);
    found.push(
      ...own.map(({ id, status, conclusion }) => ({
        name: `workflow without a job (check suite ${id})`,
        status: status ?? "unknown",
        conclusion,
      })),
    );
    if (seen >= total) return { ...answer, value: found };
    if (suites.length > 0 && page < MAX_PAGES) continue;
    found.push({ name: `${total - seen} more check suites`, status: "not listed", conclusion: null });
    return { ...answer, value: found };
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
