import { askYesNo, isAnybodyThere } from "../io/prompt.ts";
import { DeployError } from "../shared/deploy-error.ts";

/** Throws SPARKI_USAGE where nobody could be asked; called before anything but the config is looked at. */
export function assertSomebody(): void {
  if (isAnybodyThere()) return;
  throw new DeployError("SPARKI_USAGE", "this changes a stack, and nobody sits at this terminal to confirm it", {
    hint: "pass --yes to do it without being asked",
  });
}

/** Resolves once a person has said yes; throws SPARKI_USAGE for anything else. */
export async function confirm(question: string, signal: AbortSignal): Promise<void> {
  if ((await askYesNo(question, signal)) === true) return;
  throw new DeployError("SPARKI_USAGE", "not confirmed; nothing was changed");
}
