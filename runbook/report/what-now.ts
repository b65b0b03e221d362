import { EXIT } from "../../shared/deploy-error.ts";

/** How a deploy, a rollback or a rehearsal of one ended, as far as it decides what its reader does next. */
export interface Ended {
  readonly stack: string;
  readonly outcome: string;
  readonly exitCode: number;
  /** The release that was to be, or was rolled back to. */
  readonly release: string;
  /** What was live before; undefined where nothing was. */
  readonly previous: string | undefined;
  readonly isRehearsal?: boolean;
}

/** Something to do: in words, with the command where there is one. */
export interface NextAction {
  readonly text: string;
  readonly command?: string;
}

/** What the reader of a report does now, in order; never empty. */
export function whatNow(ended: Ended): readonly NextAction[] {
  return ended.isRehearsal === true ? afterRehearsal(ended) : afterDeploy(ended);
}

function afterRehearsal({ stack, exitCode }: Ended): readonly NextAction[] {
  const untouched = "No real stack was touched.";
  const goOn = `npx sparki rehearse --resume --stack ${stack}`;
  if (exitCode === EXIT.done.code)
    return [{ text: `Nothing. ${untouched} To continue from here with another change`, command: goOn }];
  if (exitCode === EXIT.rollback.code)
    return [
      {
        text: `${untouched} The rollback was not proven, so this rehearsal deploys nothing more. Fix the cause given above; then start a new one`,
        command: `npx sparki rehearse --stack ${stack}`,
      },
    ];
  return [{ text: `${untouched} Fix the cause given above; then continue from here`, command: goOn }];
}

function afterDeploy({ stack, outcome, exitCode, release, previous }: Ended): readonly NextAction[] {
  const deploy = `npx sparki deploy --stack ${stack}`;
  const rollback = `npx sparki rollback --stack ${stack}`;
  const diagnose = `npx sparki diagnose --stack ${stack}`;
  const seen = "“Live before and now” shows what is running";
  switch (outcome) {
    case "promoted":
      return [{ text: `${release} is live. Watch it for its first day`, command: `npx sparki watch --stack ${stack}` }];
    case "rolled-back":
      return [
        { text: `${previous ?? "The release before"} is live again, and proven.` },
        { text: `Fix the cause given above in ${release}; then`, command: deploy },
      ];
    case "held":
      return [
        { text: `Neither good nor bad was proven: ${seen}.` },
        { text: "Once the missing evidence is available (requests, an answer), continue", command: deploy },
        ...(previous === undefined ? [] : [{ text: "Or roll back to what was promoted last", command: rollback }]),
      ];
    case "stopped":
      if (exitCode === EXIT.usage.code)
        return [{ text: "Nothing was changed. Correct the config as the reason above says; then", command: deploy }];
      return [{ text: `It stopped: ${seen}.` }, { text: "Fix the cause given above; then", command: deploy }];
    default:
      if (exitCode === EXIT.outside.code)
        return [{ text: "Fix the cause given above; then continue from where it stopped", command: deploy }];
      if (exitCode === EXIT.rollback.code)
        return [
          { text: "The rollback was not proven, people were paged, and deployments are refused until it is." },
          { text: "Find out what users see", command: diagnose },
          { text: "Once that is fixed, prove the rollback, which allows deployments again", command: rollback },
        ];
      return [
        { text: `${release} is live but unhealthy, and people were paged. Find out why`, command: diagnose },
        { text: "Or roll back to what was promoted before", command: rollback },
      ];
  }
}

/** What the reader does after a rollback that was asked for. */
export function afterRollback({ stack, outcome, exitCode, release }: Ended): readonly NextAction[] {
  const again = `npx sparki rollback --stack ${stack}`;
  if (outcome === "rolled-back" || outcome === "unchanged")
    return [
      {
        text: `${release} serves. Pulumi.${stack}.yaml may still name the release that was rolled back: set sparki:release to the next release before anyone deploys.`,
      },
    ];
  if (outcome === "planned") return [{ text: "Nothing was changed. To roll back", command: again }];
  if (exitCode === EXIT.rollback.code)
    return [
      {
        text: "It was not proven, people were paged, and deployments are refused until it is. Find out what users see",
        command: `npx sparki diagnose --stack ${stack}`,
      },
      { text: "Once that is fixed", command: again },
    ];
  return [{ text: "Fix the cause given above; then", command: again }];
}
