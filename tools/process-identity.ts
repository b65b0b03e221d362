import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** When the process started, as the system tells it: a pid with this identity is the same process, not a reused number. */
export function identityOf(pid: number): string | undefined {
  try {
    if (process.platform !== "linux")
      return execFileSync("ps", ["-o", "lstart=", "-p", `${pid}`], { encoding: "utf8" }).trim();
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    // Fields are counted after the command's closing bracket, because a command may hold spaces; the 22nd is the start.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ");
    return `${boot}/${fields?.[19]}`;
  } catch {
    return undefined;
  }
}
