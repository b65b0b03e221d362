import { DeployError } from "../../shared/deploy-error.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";

const DESCRIPTION = `Verifies the release that is live, from outside and from inside.

Smoke tests through the load balancer; the release's end-to-end tests as a Job in sparki-test,
with their log as it comes; a test project and its detection; the domain's /health through DNS
and TLS; pods on the release's digests; database and cache; the objectives, the error budget and
its burn rates from Prometheus, with bounds. Then the runbook's success table.

The test project is named sparki-verify and is removed afterwards. If too few requests were made
to prove the objectives, verify sends its own, marked as synthetic, until there are enough.

${exitCodesText({
  done: "verified",
  refused: "something is unhealthy",
  usage: "nothing was ever promoted, or its config is wrong",
  held: "not proven: too little data, or a check could not run",
  outside: "the stack cannot be reached",
})}

Examples:
  npx sparki verify
  npx sparki verify --stack staging --json`;

/** `sparki verify`: the live release, from outside and from inside, with what is not well or not proven. */
export const verify: Command = {
  name: "verify",
  summary: "check smoke and end-to-end tests, a test project and the objectives",
  description: DESCRIPTION,
  run,
};

async function run({ options, ports }: CommandInput): Promise<CommandResult> {
  const { openTarget } = await import("../deploy/real-target.ts");
  const { openScreen } = await import("../report/screen.ts");
  const { readPresent } = await import("../rollback/rollback-target.ts");
  const { runVerify, verifyText } = await import("../verify/verify.ts");
  const { withVerify } = await import("../verify/verification.ts");
  const screen = await openScreen(ports);
  const target = await openTarget(options.stack, ports, screen, false);
  try {
    const { live } = await readPresent(target);
    if (live === undefined) throw neverPromoted(target.stack);
    const { signal } = ports;
    const report = await withVerify(target, live.release, (context) => runVerify(context, { screen, signal }));
    ports.stderr.write(verifyText(report, screen.paint));
    return { exitCode: report.exitCode, json: report };
  } finally {
    await target.close();
  }
}

function neverPromoted(stack: string): DeployError {
  return new DeployError("SPARKI_USAGE", `no release was ever promoted on ${stack}: there is nothing to verify`, {
    hint: `npx sparki deploy --stack ${stack}`,
  });
}
