import { hostname } from "node:os";
import { DeployError } from "../shared/deploy-error.ts";

/** Of a backend without a service; Pulumi Cloud does not say who. */
const HOLDER = /created by (\S+)@(\S+) \(pid (\d+)\) at (\S+)/;
const LOCKED = /the stack is currently locked by|another update is currently in progress/i;

/** Somebody else's update holds the stack: nothing was changed. */
export class StackLocked extends DeployError {}

/** The failure that the CLI's words for a locked stack stand for; undefined for everything else that it says. */
export function lockFailure(
  message: string,
  stack: string,
  isGone: (pid: number, host: string) => boolean = isGoneHere,
): StackLocked | undefined {
  if (!LOCKED.test(message)) return undefined;
  const [, user, host = "", pid, since] = HOLDER.exec(message) ?? [];
  const who = user === undefined ? "another update" : `${user}@${host} (process ${pid}) since ${since}`;
  const gone = pid !== undefined && isGone(Number(pid), host);
  return new StackLocked(
    "SPARKI_OUTSIDE",
    `stack ${stack} is locked by ${who}${gone ? ", which no longer runs here" : ""}; expected nobody else to deploy to it`,
    {
      hint: gone
        ? `pulumi cancel --stack ${stack}, then run the same command again`
        : `wait until it ends; only if nothing runs there any more: pulumi cancel --stack ${stack}`,
    },
  );
}

/** True for a process of this machine that has ended; nothing is known of other machines'. */
function isGoneHere(pid: number, host: string): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return typeof error === "object" && error !== null && "code" in error && error.code === "ESRCH";
  }
}
