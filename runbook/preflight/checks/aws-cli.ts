import { gte, valid } from "semver";
import { type Check, fail, pass, skipped } from "../check.ts";

/** The oldest that the cluster's component takes. */
const OLDEST = { one: "1.24.0", two: "2.7.0" };

export const awsCli: Check = {
  id: "aws-cli",
  group: "Infrastructure",
  title: "AWS command line",
  proves: "`aws` is there and new enough: the cluster's component and its kubeconfig run it.",
  timeLimitSeconds: 30,
  run: async ({ commands, isRehearsal }) => {
    if (isRehearsal) return skipped("a rehearsal's cluster takes a token, and asks no command line for it");
    const fix = "install it: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html";
    const asked = await commands.aws(["--version"]).catch(() => undefined);
    if (asked === undefined || asked.code !== 0) return fail("there is no aws on PATH", fix);
    const version = /aws-cli\/(\S+)/.exec(`${asked.stdout} ${asked.stderr}`)?.[1] ?? "";
    if (valid(version) === null) return fail(`aws --version says ${asked.stdout.trim()}; expected aws-cli/2...`, fix);
    const oldest = version.startsWith("1.") ? OLDEST.one : OLDEST.two;
    return gte(version, oldest) ? pass(`aws ${version}`) : fail(`aws is ${version}; expected ${oldest} or newer`, fix);
  },
};
