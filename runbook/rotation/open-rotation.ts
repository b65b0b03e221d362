import { join } from "node:path";
import { releaseCounts } from "../../gates/live/release-slo.ts";
import type { TokenAnswers } from "../../io/cache-tokens.ts";
import { runShown } from "../../io/child-command.ts";
import { clusterKubeconfig } from "../../io/cluster-lookups.ts";
import { askWithTokens } from "../../io/cluster-tokens.ts";
import { openPrometheus } from "../../io/prometheus.ts";
import { promotionIn } from "../../records/promotion.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { outputsSchema } from "../../stacks/outputs.ts";
import type { CommandInput, Ports } from "../command.ts";
import type { PreflightContext } from "../preflight/context.ts";
import type { OpenPreflight } from "../preflight/open.ts";
import { stackFileOf } from "../preflight/stack-file.ts";
import { PROJECT_DIRECTORY } from "../project.ts";
import { type RotationPorts, type StepDeploy, stepDeploy } from "./rotation-run.ts";

/** Throws SPARKI_USAGE unless the config's release is the one that is live: a rotation changes nothing else. */
export async function assertLive({ stack, config, state }: PreflightContext): Promise<void> {
  const live = promotionIn((await state.read()).resources)?.release.id;
  if (live === config.release.id) return;
  const found = live === undefined ? "nothing is promoted" : `the config names release ${config.release.id}`;
  throw new DeployError("SPARKI_USAGE", `${found}; expected the release that is live${live ? `, ${live}` : ""}`, {
    hint: `npx sparki status --stack ${stack}: finish or take back that release first`,
  });
}

/** How a rotation reaches the stack: `sparki deploy` as a command of its own, a Job in the cluster, and Prometheus. */
export function openRotation(
  { context, network }: OpenPreflight,
  options: CommandInput["options"],
  ports: Ports,
  say: (text: string) => void,
): RotationPorts {
  const { stack, clock } = context;
  return {
    clock,
    say,
    file: stackFileOf(stack, ports),
    deploy: (isAgreed) => deploy(isAgreed, options, ports),
    askWithTokens: () => ask(context, ports.signal),
    requestsSince: requestCounter({ context, network }),
  };
}

/** Users' requests since a time and the failed ones among them, by Prometheus; or why they are not known. */
export function requestCounter({
  context,
  network,
}: Pick<OpenPreflight, "context" | "network">): RotationPorts["requestsSince"] {
  const { stack, config, clock } = context;
  const prometheus = openPrometheus(network, config.storm.prometheusUrl);
  return async (time) => {
    const errors = config.objectives.find(({ kind }) => kind.type === "errors");
    if (errors === undefined) return "no objective counts errors";
    const { service } = releaseCounts(prometheus, { stack, config }, () => clock.now());
    const reading = await service.countsSince([errors], time);
    return reading.kind === "value" ? (reading.value[errors.name] ?? { requests: 0, bad: 0 }) : reading.kind;
  };
}

/** From a seal of its own: the config that was just changed is the one that is planned, and deployed. */
async function deploy(isAgreed: boolean, options: CommandInput["options"], ports: Ports): Promise<StepDeploy> {
  const flags = {
    yes: isAgreed,
    "on-call-confirmed": options.onCallConfirmed === true,
    "window-announced": options.windowAnnounced === true,
  };
  const given = Object.entries(flags).flatMap(([flag, isGiven]) => (isGiven ? [`--${flag}`] : []));
  const stack = typeof options.stack === "string" ? ["--stack", options.stack] : [];
  const args = [join(PROJECT_DIRECTORY, "runbook", "sparki.ts"), "deploy", ...stack, "--json", ...given];
  const { code, stdout } = await runShown(process.execPath, args, ports);
  ports.signal.throwIfAborted();
  return stepDeploy(code, stdout);
}

async function ask({ stack, config, aws, state }: PreflightContext, signal: AbortSignal): Promise<TokenAnswers> {
  const kubeconfig = await clusterKubeconfig(aws, `sparki-${stack}`);
  const outputs = (await state.read()).resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs;
  const cache = outputsSchema.shape.cache.safeParse(outputs?.cache);
  if (kubeconfig === undefined || !cache.success)
    throw new DeployError("SPARKI_OUTSIDE", `stack ${stack} has no cluster or no cache by AWS and its outputs`);
  return askWithTokens({
    kubeconfig,
    signal,
    image: config.database.clientImage,
    cache: cache.data,
    secretName: `sparki/${stack}/cache`,
    networkCidr: config.network.cidr,
  });
}
