import { hostname, userInfo } from "node:os";
import type { Identity } from "../records/run-record.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Who runs this command: in CI whom the CI names, else whom the backend or the machine knows. */
export function identityIn(env: Environment, account: string | undefined): Identity {
  if (env.GITHUB_ACTIONS === "true") {
    const name = env.GITHUB_TRIGGERING_ACTOR ?? env.GITHUB_ACTOR ?? "unknown";
    const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: id } = env;
    const run = server && repository && id ? `${server}/${repository}/actions/runs/${id}` : null;
    return { name, through: "GitHub Actions", run };
  }
  if (env.PULUMI_CI_SYSTEM)
    return { name: account ?? "unknown", through: env.PULUMI_CI_SYSTEM, run: env.PULUMI_CI_BUILD_URL ?? null };
  if (account !== undefined) return { name: account, through: "Pulumi Cloud", run: null };
  return { name: userName(), through: hostname(), run: null };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have no name.
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}
