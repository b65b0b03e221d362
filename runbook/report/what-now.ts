import { EXIT } from "../../shared/deploy-error.ts";

/** How a deploy, a rollback or a rehearsal of one ended, as far as it decides what its reader does next. */
export interface Ended {
  readonly stack: string;
  readonly outcome: string;
  readonly exitCode: number;
  /** The release that was to be, or was gone back to. */
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
    return [{ text: `Nothing. ${untouched} To go on here with another change`, command: goOn }];
  if (exitCode === EXIT.outside.code)
    return [{ text: `${untouched} Do what the reason above asks for; then go on from here`, command: goOn }];
  return [{ text: `${untouched} Correct what the reason above names; then go on from here`, command: goOn }];
}

function afterDeploy({ stack, outcome, exitCode, release, previous }: Ended): readonly NextAction[] {
  const deploy = `npx sparki deploy --stack ${stack}`;
  const rollback = `npx sparki rollback --stack ${stack}`;
  const diagnose = `npx sparki diagnose --stack ${stack}`;
  const seen = "“Live before and now” says what runs";
  switch (outcome) {
    case "promoted":
      return [{ text: `${release} serves. Watch it for its first day`, command: `npx sparki watch --stack ${stack}` }];
    case "rolled-back":
      return [
        { text: `${previous ?? "The release before"} serves again, which was proven.` },
        { text: `Correct what the reason above names in ${release}; then`, command: deploy },
      ];
    case "held":
      return [
        { text: `Nothing was proven, neither good nor bad: ${seen}.` },
        { text: "When what was missing is there (requests, an answer), go on", command: deploy },
        { text: "Or go back to what was promoted last", command: rollback },
      ];
    case "stopped":
      if (exitCode === EXIT.usage.code)
        return [{ text: "Nothing was changed. Correct the config as the reason above says; then", command: deploy }];
      return [
        { text: `It went no further: ${seen}.` },
        { text: "Correct what the reason above names; then", command: deploy },
      ];
    default:
      if (exitCode === EXIT.outside.code)
        return [{ text: "Do what the reason above asks for; then go on from where it stopped", command: deploy }];
      if (exitCode === EXIT.rollback.code)
        return [
          { text: "The rollback was not proven, people were called, and deployments are refused until it is." },
          { text: "Find out what users get", command: diagnose },
          { text: "Once that is repaired, prove the rollback, which lets deployments begin again", command: rollback },
        ];
      return [
        { text: `${release} is live and not well, and people were called. Find out why`, command: diagnose },
        { text: "Or go back to what was promoted before", command: rollback },
      ];
  }
}

/** What the reader does after a rollback that was asked for. */
export function afterRollback({ stack, outcome, exitCode, release }: Ended): readonly NextAction[] {
  const again = `npx sparki rollback --stack ${stack}`;
  if (outcome === "rolled-back" || outcome === "unchanged")
    return [
      {
        text: `${release} serves. Pulumi.${stack}.yaml may still name the release that was left: set sparki:release to what is to be deployed next before anybody deploys.`,
      },
    ];
  if (outcome === "planned") return [{ text: "Nothing was changed. To go back", command: again }];
  if (exitCode === EXIT.rollback.code)
    return [
      {
        text: "It was not proven, people were called, and deployments are refused until it is. Find out what users get",
        command: `npx sparki diagnose --stack ${stack}`,
      },
      { text: "Once that is repaired", command: again },
    ];
  return [{ text: "Do what the reason above asks for; then", command: again }];
}
