import { Mention, type Message, slack } from "../../shared/text/slack.ts";
import type { Release } from "../../stacks/schema.ts";
import { duration } from "../report/duration.ts";
import { type Occasion, short, titleOf, to, versionOf } from "./notify.ts";

/** What a watch tells people of. */
export interface WatchNews {
  readonly release: Release;
  /** Since the promotion. */
  readonly elapsedSeconds: number;
  readonly reason: string;
}

/** Something is not as it was when the release was promoted; nobody has to get up for it. */
export function anomalyMessage({ stack, config }: Occasion, { release, elapsedSeconds, reason }: WatchNews): Message {
  return to(config.contacts.platform, slack`👀 ${titleOf(stack)}: something has changed since the deployment`, [
    ["Version", versionOf(release)],
    ["Since the promotion", duration(elapsedSeconds)],
    ["Found", short(reason)],
    [],
    ["Next", `npx sparki diagnose --stack ${stack}`],
  ]);
}

/** The page: the tree leaves it to a person. */
export function escalationMessage(
  { stack, config }: Occasion,
  { release, elapsedSeconds, reason }: WatchNews,
): Message {
  const { incidents, platform } = config.contacts;
  const [first, second] = [new Mention(incidents), new Mention(platform)];
  return to(incidents, slack`🚨 ${titleOf(stack)} after its deployment: ${first} ${second} look now`, [
    ["Version", versionOf(release)],
    ["Since the promotion", duration(elapsedSeconds)],
    ["Reason", short(reason)],
    [],
    ["Next", `npx sparki diagnose --stack ${stack}; to go back: npx sparki rollback --stack ${stack}`],
  ]);
}

/** What people were told of is no more. */
export function resolvedMessage({ stack, config }: Occasion, { release, elapsedSeconds, reason }: WatchNews): Message {
  return to(config.contacts.platform, slack`✅ ${titleOf(stack)} is as it should be again`, [
    ["Version", versionOf(release)],
    ["Since the promotion", duration(elapsedSeconds)],
    ["Found", short(reason)],
  ]);
}
