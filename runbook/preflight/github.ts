import type { z } from "zod";
import { DeployError } from "../../shared/deploy-error.ts";
import type { PreflightContext } from "./context.ts";

export type GitHubAnswer<T> =
  | { readonly kind: "value"; readonly value: T; readonly repository: string }
  | { readonly kind: "absent"; readonly repository: string }
  | { readonly kind: "cannot ask"; readonly reason: string };

/** Asks GitHub's REST API about the application's repository; throws SPARKI_OUTSIDE when it answers with neither. */
export async function askGitHub<T>(
  { config, http, tokens }: PreflightContext,
  path: string,
  schema: z.ZodType<T>,
  signal: AbortSignal,
): Promise<GitHubAnswer<T>> {
  const { repository } = config.preflight;
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
  if (answer.status === 200) return { kind: "value", value: schema.parse(JSON.parse(answer.body)), repository };
  const limit = rateLimitOf(answer.status, answer.headers, answer.body);
  if (limit !== undefined)
    throw new DeployError(
      "SPARKI_OUTSIDE",
      `api.github.com answers no more for now: its rate limit is used up${limit}`,
      {
        hint: "run it again then, or set GITHUB_TOKEN to a token with a limit of its own",
      },
    );
  throw new DeployError("SPARKI_OUTSIDE", `api.github.com answered ${answer.status} for ${repository}`, {
    hint: "set GITHUB_TOKEN to a token that may read the repository's contents and checks",
  });
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Until when, where the answer says that there were too many requests (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api). */
function rateLimitOf(status: number, headers: Headers, body: string): string | undefined {
  const isLimit = headers["x-ratelimit-remaining"] === "0" || /rate limit/i.test(body);
  if (status !== 429 && !(status === 403 && isLimit)) return undefined;
  const after = Number(headers["retry-after"]);
  if (after > 0) return `, for ${after} s`;
  const reset = Number(headers["x-ratelimit-reset"]);
  return reset > 0 ? `, until ${new Date(reset * 1000).toISOString()}` : "";
}
