import { parseConfig } from "../../stacks/config.ts";
import type { Ports } from "../command.ts";
import type { Answers } from "../preflight/context.ts";
import { type OpenPreflight, openPreflight } from "../preflight/open.ts";
import { PROJECT_DIRECTORY } from "../project.ts";
import { plainEnvironment } from "./rehearsal-serving.ts";
import type { RehearsalSession } from "./rehearsal-session.ts";

const REHEARSED = { confirmed: true, how: "rehearsed" } as const;
/** Nobody is on call for a rehearsal, and no window is announced for it. */
const ANSWERS: Answers = { "on-call-confirmed": REHEARSED, "window-announced": REHEARSED };

/** The checklist's ports on a rehearsed stack, as `sparki preflight` would open them in the session's environment. */
export function rehearsedPreflight(
  session: RehearsalSession,
  tools: Readonly<Record<string, string>>,
  { clock }: Pick<Ports, "clock">,
): OpenPreflight {
  const { stack, project, cloud } = session;
  // Never the real Slack: the rehearsal's own webhook keeps what it is told.
  const env = { ...plainEnvironment(session), SPARKI_SLACK_WEBHOOK: `${cloud.url}/slack` };
  const config = parseConfig(project.config(), stack);
  const given = { stack, config, projectDirectory: PROJECT_DIRECTORY, tools, clock, env };
  return openPreflight({ ...given, answers: ANSWERS });
}
