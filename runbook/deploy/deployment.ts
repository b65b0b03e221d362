import { type GateResult, type Phase, type Verdict, worst } from "../../gates/gate.ts";
import { readGateLog } from "../../gates/live/gate-log.ts";
import { type Action, type Decision, decide, withFinding } from "../../gates/tree.ts";
import type { Engine, RunSettings, Watcher } from "../../io/engine.ts";
import type { EngineResult, Step } from "../../records/engine-record.ts";
import type { Clock } from "../../shared/clock.ts";
import { EXIT, isMistake } from "../../shared/deploy-error.ts";
import { TRACKS, trackName } from "../../stacks/services.ts";
import { failedCreations } from "../recovery/state-edit.ts";
import { type Recovery, TakenResources } from "../recovery/take-over.ts";
import { showPhase } from "../report/live.ts";
import type { Screen } from "../report/screen.ts";
import { holdState } from "./stack-target.ts";

/** What one deploy of a release came to. */
export interface Deployment {
  /** Undefined when the checklist refused before it. */
  readonly preview: EngineResult | undefined;
  /** Why the deploy did not begin, other than by its preview. */
  readonly refusal?: string | undefined;
  /** Undefined when the preview or a check before the first change refused. */
  readonly up: EngineResult | undefined;
  /** What this deploy's gates found, in the order they ran. */
  readonly gates: readonly GateResult[];
}

export interface Surroundings {
  readonly screen: Screen;
  readonly clock: Clock;
  readonly gateLogFile: string;
  /** Sees every event of the update, after the screen did. */
  readonly watch?: Watcher | undefined;
  readonly run?: RunSettings;
  /** What was previewed and shown already. @default previewed here */
  readonly preview?: EngineResult | undefined;
  /** Takes over what the update finds there already, as an update that was killed left it; without it that is a failure. */
  readonly recovery?: Pick<Recovery, "adoptTaken" | "adoptUnanswered"> | undefined;
  /** What the update is called on the screen. @default deploy */
  readonly verb?: string;
}

/** The operations that a deploy is made of. */
export type DeployEngine = Pick<Engine, "preview" | "up" | "exportState" | "discard">;

/**
 * Previews with the policies, and deploys only what the preview lets through. What the run's `check` throws ends it before
 * anything is changed.
 */
export async function deploy(engine: DeployEngine, title: string, surroundings: Surroundings): Promise<Deployment> {
  const { gateLogFile, run, verb = "deploy" } = surroundings;
  const before = readGateLog(gateLogFile).length;
  const preview = surroundings.preview ?? (await previewed(engine, title, surroundings));
  if (preview.outcome !== "succeeded") return { preview, up: undefined, gates: [] };
  const discarded = await discardFailed(engine, surroundings, run?.check);
  if (discarded !== undefined && discarded.outcome !== "succeeded") return { preview, up: discarded, gates: [] };
  const settings = discarded === undefined ? run : await heldNow(engine, run);
  let [up, failed] = await updated(engine, `${verb} ${title}`, surroundings, settings);
  for (let round = 0; round < ADOPTIONS && up.outcome === "failed" && failed.found.length > 0; round++) {
    const adopted = await surroundings.recovery?.adoptTaken(failed.found);
    if (adopted === undefined || adopted.length === 0) break;
    [up, failed] = await updated(engine, `${verb} ${title}`, surroundings, await heldNow(engine, run));
  }
  if (up.outcome !== "succeeded") await surroundings.recovery?.adoptUnanswered(failed.unanswered);
  return { preview, up, gates: readGateLog(gateLogFile).slice(before) };
}

/** The run's settings, where it is checked against the state as it is now: we have just changed it ourselves. */
async function heldNow(engine: DeployEngine, run: RunSettings | undefined): Promise<RunSettings | undefined> {
  return run?.check === undefined ? run : { ...run, check: await holdState(engine) };
}

/** How often an update continues with what it found there already; each time brings it to what depended on that. */
const ADOPTIONS = 5;

/** One update, and what it could not make. */
async function updated(
  engine: DeployEngine,
  title: string,
  { screen, clock, watch: other }: Surroundings,
  settings: RunSettings | undefined,
): Promise<[EngineResult, TakenResources]> {
  const taken = new TakenResources();
  const result = await showPhase(screen, clock, title, async (phase) => {
    const show = phase.watch({ lines: true });
    const watch: Watcher = (record, event) => {
      show(record, event);
      taken.see(event);
      other?.(record, event);
    };
    const up = await engine.up(watch, settings);
    phase.note(describeResult(up));
    return up;
  });
  return [result, taken];
}

/** Deletes what AWS could not make, so that the update makes it again; undefined when there is nothing of the kind. */
async function discardFailed(
  engine: DeployEngine,
  { screen, clock }: Surroundings,
  check: RunSettings["check"],
): Promise<EngineResult | undefined> {
  const failed = failedCreations(await engine.exportState());
  if (failed.length === 0) return undefined;
  // What was decided on is the state before this; the update then stands on what this leaves.
  await check?.();
  const names = failed.map(({ name }) => name).join(", ");
  return showPhase(screen, clock, `delete what AWS could not make: ${names}`, (phase) =>
    engine.discard(
      failed.map(({ urn }) => urn),
      phase.watch({ lines: true }),
    ),
  );
}

/** Previews a deploy and tells what it would do. */
export function previewed(
  engine: Pick<DeployEngine, "preview">,
  title: string,
  { screen, clock, run }: Pick<Surroundings, "screen" | "clock" | "run">,
): Promise<EngineResult> {
  return showPhase(screen, clock, `preview ${title}`, async (phase) => {
    const result = await engine.preview(phase.watch({ lines: false }), run);
    phase.note(`${describeResult(result)}, ${result.policy.checked} policy checks`);
    return result;
  });
}

/** An operation's outcome, and how many steps of each kind it has, in a few words; components and providers are none. */
export function describeResult({ outcome, steps }: Pick<EngineResult, "outcome" | "steps">): string {
  const counts = [...Map.groupBy(steps, ({ op }) => op)].map(([op, all]) => `${all.length} ${op}`);
  return [outcome, ...counts].join(", ");
}

/** How far a deploy came, and what it met there: what the decision tree decides on. */
export interface Ending {
  readonly phase: Phase;
  readonly verdict: Verdict;
  readonly reason: string;
}

/** Where a deploy ended, by the gates' verdicts and the engine's events; the release's own failures count first. */
export function endingOf({ preview, refusal, up, gates }: Deployment): Ending {
  if (refusal !== undefined) return { phase: "preflight", verdict: "fail", reason: refusal };
  if (up === undefined) return { phase: "preflight", verdict: "fail", reason: previewFailure(preview) };
  if (up.outcome === "succeeded") return { phase: "cutover", verdict: "pass", reason: "every gate passed" };
  return refusingGate(gates) ?? (isProviderLost(failureOf(up)) ? undefined : failedStep(up)) ?? failedPlatform(up);
}

/** Whether the engine lost its provider in mid-call: what it then says of a step tells nothing of the release. */
export function isProviderLost(failure: string): boolean {
  return PROVIDER_LOST.test(failure);
}

const PROVIDER_LOST = /\btransport is closing\b|\berror reading from server\b|\bcode = Unavailable\b/;

/** With what helps against it, where that is known: policies and the config's check say it themselves. */
function previewFailure(preview: EngineResult | undefined): string {
  const failure = failureOf(preview);
  const isOwn = isMistake(preview?.code) || (preview?.policy.violations.length ?? 0) > 0;
  return isOwn || remedyOf(failure) === undefined ? failure : failureWithNextStep(failure);
}

/** What a policy refused is not tried again as it is. */
function failedPlatform(up: EngineResult): Ending {
  const isRefused = up.policy.violations.some(({ level }) => level === "mandatory");
  const reason = isRefused ? failureOf(up) : failureWithNextStep(failureOf(up));
  return { phase: "infrastructure", verdict: "fail", reason };
}

function refusingGate(gates: readonly GateResult[]): Ending | undefined {
  const verdict = gates.length > 0 ? worst(gates.map((gate) => gate.verdict)) : "pass";
  const gate = gates.find((each) => each.verdict === verdict);
  if (verdict === "pass" || gate === undefined) return undefined;
  // Without its phase nothing is decided by guess: that of the platform changes nothing by itself, and asks a person.
  if (gate.phase === undefined)
    return { phase: "infrastructure", verdict, reason: `${refusalText(gate)} (its phase was not recorded)` };
  return { phase: gate.phase, verdict, reason: refusalText(gate) };
}

/** What a gate found, the cluster's own words first where it has any. */
export function refusalText({ gate, objective, reason, words }: GateResult): string {
  const found = `${gate}, ${objective}: ${reason}`;
  return words === undefined ? found : `${words}; ${found}`;
}

function failedStep(up: EngineResult): Ending | undefined {
  const failed = up.steps.filter(({ status }) => status === "failed");
  const phases = ["fleet", "one-box", "database"] as const;
  const found = phases.find((each) => failed.some((step) => phaseOfStep(step) === each));
  const reason = failureOf(up);
  // A job whose image cannot be pulled has changed nothing: it tells of the release's images, before its pods would.
  const phase = found === "database" && /ImagePull|InvalidImageName/.test(reason) ? "one-box" : found;
  return phase && { phase, verdict: "fail", reason };
}

/** What belongs to the release: its Helm releases, and the jobs of its image. Undefined for the platform's own. */
function phaseOfStep({ type, name }: Step): Phase | undefined {
  if (type === "command:local:Command") return "database";
  if (type !== "kubernetes:helm.sh/v3:Release") return undefined;
  // What comes with the release and is no track's, such as the monitoring, has no one-box before it.
  return TRACKS.find((track) => trackName(track) === name)?.kind ?? "fleet";
}

function failureOf(result: EngineResult | undefined): string {
  if (result === undefined) return "nothing was previewed";
  return result.failure ?? `the engine finished with the result ${result.outcome}`;
}

interface Remedy {
  /** In the words of AWS, its provider, Kubernetes or the engine. */
  readonly sign: RegExp;
  readonly remedy: (found: string) => string;
  /** What was asked for is wrong in itself: asked again as it is, it is refused again. */
  readonly isRefusal?: true;
}

const GOES_ON = "then run the same command again: it continues from where it stopped";

/** Of a request that may have been right, and was wrong at that moment. */
const BUSY =
  /\bapi error (?:\w+\.)?(?:Invalid\w*State\w*|IncorrectState\w*|IncorrectInstanceState|DependencyViolation|\w*InUse\w*|ConcurrentModification\w*|OperationAborted|\w*InProgress\w*|ResourceNotReady\w*|WAFAssociatedItem\w*)/;

/** Of what was made just now, and not all of AWS knows: it is refused by codes of what is wrong in itself. */
const UNKNOWN_YET =
  /IAM role ARN value is invalid or does not include the required permissions|could not be assumed because it does not exist|\bError in role params|\bInvalid principal in policy|\bone or more invalid principals|\bWAFUnavailableEntity|\bWAFServiceLinkedRoleError/;

/** What no policy of the role itself can give: it is taken away, or never given, above it. */
const DENIED_ABOVE =
  /(?:explicit deny in an?|because no) ((?:service|resource) control policy|permissions boundary|session policy|VPC endpoint policy)/;

const OVERLOADED =
  /exceeded maximum number of attempts|\bapi error (?:\w*Throttl\w*|RequestLimitExceeded|TooManyRequests\w*|SlowDown|ServiceUnavailable\w*|Internal\w*|RequestTimeout\w*|PriorRequestNotComplete)/;

/** AWS's words where it has what is asked for already, which an update that was cut off did not live to see. */
const DONE_ALREADY =
  /already at the desired configuration|\bNo changes needed for\b|\bNo updates are to be performed\b/i;

/** AWS's codes for a request that is wrong in itself, whenever it is made. */
const REFUSED_BY_AWS =
  /\bapi error (?:\w+\.)?(?:Validation\w*|Invalid[\w.]*|Malformed\w*|Missing\w*|\w*NotSupported\w*|Unsupported\w*|\w*TooLong\w*|\w*Mismatch\w*|\w*AlreadyExists\w*|Duplicate\w*|EntityAlreadyExists|BadRequest\w*|UnsupportedOperation)/;

/** The provider's own words, before it asks AWS, and Kubernetes' for an object that it does not take. */
const REFUSED_BEFORE =
  /has a problem: |\bcannot be longer than \d+|\bexpected length of \S+ to be|\bMissing required argument|\bInvalid or unknown key|\bConflictsWith\b|\bis invalid: |\bis forbidden: (?!User )|\bdenied the request: /;

/** The scheduler's words where no node takes any pod, whatever the release asks for. */
const NO_NODE =
  /\bno nodes available to schedule pods|\b0\/\d+ nodes are available: \d+ node\(s\) (?:were unschedulable|had untolerated taint|were not ready)/;

/** Ordered: the first that fits. */
const REMEDIES: readonly Remedy[] = [
  {
    // One that a signal has ended may start the next time.
    sign: /policy pack "[^"]*" failed to start: .*\bexit status \d/s,
    remedy: () =>
      "run policies/pack, which says why it cannot start, and correct that: what is not judged is not deployed",
    isRefusal: true,
  },
  {
    // None of these ends by itself, and what is asked for again is the same one.
    sign: /\bACM Certificate \(\S+\) to be issued: unexpected state/,
    remedy: () =>
      `ACM never issues that certificate any more: correct why (aws acm describe-certificate), then have another one made (pulumi up --replace, with the certificate's URN), ${GOES_ON}`,
  },
  {
    sign: /unexpected state 'inaccessible-encryption-credentials/,
    remedy: () =>
      `make the KMS key that it is encrypted with usable again (aws kms describe-key, cancel-key-deletion, enable-key), then start it (aws rds start-db-instance), ${GOES_ON}`,
  },
  {
    sign: /unexpected state '[\w-]*fail/i,
    remedy: () => "correct what it names, then run the same command again: it deletes what failed and creates it again",
  },
  {
    sign: /unexpected state '([\w -]+)', wanted target/,
    remedy: (state) => `wait until AWS no longer says "${state}" of it, ${GOES_ON}`,
  },
  {
    sign: NO_NODE,
    remedy: () => `find out why no node takes pods (kubectl describe nodes; kubectl get nodeclaims), ${GOES_ON}`,
  },
  {
    // Whatever AWS says in it, it says to the pod's role, by way of the node.
    sign: /failed to mount secrets store objects/,
    remedy: () =>
      `find out why the pod's role gets no secret (kubectl logs -n kube-system of the pods of aws-secrets-store-csi-driver-provider; kubectl describe pod), ${GOES_ON}`,
  },
  {
    // What EKS runs in the cluster is there, and has not become well: AWS creates nothing more of it.
    sign: /\(last state: 'DEGRADED'|unexpected state 'DEGRADED'/,
    remedy: () =>
      `find out what the add-on lacks (aws eks describe-addon names it under health; kubectl get pods -n kube-system), ${GOES_ON}`,
  },
  {
    sign: /timeout while waiting for state/,
    remedy: () => "run the same command again: it waits for what AWS is still creating",
  },
  {
    sign: /\bRequestTimeTooSkewed|\bSignature (?:expired|not yet current): |not yet valid: current time \S+ is before/,
    remedy: () => `set this machine's clock right (timedatectl), ${GOES_ON}`,
  },
  {
    sign: /AssumeRoleWithWebIdentity|No OpenIDConnect provider/,
    remedy: () => `compare what the role trusts with GitHub's tokens: npx sparki preflight --phase github; ${GOES_ON}`,
  },
  {
    sign: /\bExpiredToken|security token included in the request is (?:expired|invalid)|\bfailed to refresh cached credentials|\bno EC2 IMDS role found|\bNo valid credential sources|\bRequestExpired|\bInvalidClientTokenId|\bInvalidAccessKeyId|\bUnrecognizedClient|\bAuthFailure|\bSignatureDoesNotMatch|\bInvalidSignature|\bSSO session\b.*\b(?:expired|invalid)/,
    remedy: () => `get new AWS credentials, ${GOES_ON}`,
  },
  {
    sign: DENIED_ABOVE,
    remedy: (policy) => `have whoever keeps the ${policy} allow it: no policy of the role that deploys can; ${GOES_ON}`,
  },
  {
    sign: /not authorized to perform:? ([\w-]+:\w+)/,
    remedy: (action) => `allow ${action} to the role that deploys, ${GOES_ON}`,
  },
  {
    sign: /Encoded authorization failure message/,
    remedy: () =>
      `have an administrator read what it hides (aws sts decode-authorization-message), and allow that to the role that deploys; ${GOES_ON}`,
  },
  {
    sign: /\bOptInRequired|\bSubscriptionRequired|\bPendingVerification|\bcurrently does not support creating/,
    remedy: () => `open a case with AWS's support: it has not opened the account for this yet; ${GOES_ON}`,
  },
  {
    sign: /\bInsufficient\w*Capacity\w*/,
    remedy: () => `choose another size (sparki:database instanceClass, sparki:cache nodeType) or wait, ${GOES_ON}`,
  },
  { sign: OVERLOADED, remedy: () => `wait until AWS responds again, ${GOES_ON}` },
  {
    sign: /\b\w*(?:LimitExceeded|QuotaExceeded|QuotaFault)\w*|\bTooMany(?!Requests)[A-Z]\w*/,
    remedy: () => `request a higher quota from AWS, or delete unused resources, ${GOES_ON}`,
  },
  {
    sign: /\bupdate token has expired|\bupdate token expired/,
    remedy: () =>
      "run the same command again: Pulumi Cloud gave up an update that it heard nothing of for minutes, as of a machine that is overloaded or asleep; what was created but not saved is found",
  },
  {
    sign: /\[(?:429|50[0234])\] /,
    remedy: () =>
      "wait until the backend of the state responds again, then run the same command again: it continues from where it stopped, and finds what was created but not saved",
  },
  {
    sign: /\bPermanentRedirect\b|\bAuthorizationHeaderMalformed\b/,
    remedy: () => `name the bucket's own region in PULUMI_BACKEND_URL (s3://BUCKET?region=REGION), ${GOES_ON}`,
  },
  {
    // Pulumi says so of what it reads, and of what it has written.
    sign: /snapshot integrity (?:failure|error)/,
    remedy: () =>
      `keep what there is (pulumi stack export --file state.json), then pulumi state repair; where that does not help, see docs/bootstrap.md#the-state-copies-and-what-to-do-when-it-is-lost; ${GOES_ON}`,
  },
  {
    sign: /unexpected end of JSON input|\b(?:load|read|unmarshal|deserializ)\w*:? (?:the )?(?:checkpoint|deployment|snapshot)\b/i,
    remedy: () =>
      `the state's file is damaged, or of another version of Pulumi: put the version before it back, see docs/bootstrap.md#the-state-copies-and-what-to-do-when-it-is-lost; ${GOES_ON}`,
  },
  {
    sign: /fail\w* to save (?:the )?snapshot.*(?:connection (?:refused|reset)|no such host|i\/o timeout|TLS handshake|deadline exceeded|\bEOF\b)/s,
    remedy: () =>
      "check that the state's backend can be reached from this machine, then run the same command again: it finds what was created but not saved",
  },
  {
    sign: /writing the new snapshot|fail\w* to save (the )?snapshot|checkpoint/i,
    remedy: () =>
      "make the state's backend writable, then run the same command again: it finds what was created but not saved",
  },
  { sign: /ENOSPC|no space left on device/i, remedy: () => `free space on this machine's disk (df -h), ${GOES_ON}` },
  {
    sign: /ENAMETOOLONG|(?:file )?name too long/i,
    remedy: () => `move the checkout, or TMPDIR, to a shorter path, ${GOES_ON}`,
  },
  {
    sign: /exec format error|wrong version may be on your path/,
    remedy: () =>
      `remove the plugin that it names, which is another machine's or version's (pulumi plugin rm), ${GOES_ON}`,
  },
  {
    sign: /no resource plugin '|error fetching plugin|fail\w* to download plugin|could not (?:load|find) plugin/,
    remedy: () =>
      `install the plugin that it names (pulumi install), by a mirror where this machine may not download it (PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES), ${GOES_ON}`,
  },
  {
    sign: /\bEACCES\b|\b(?:mkdir|open|stat|lstat|chmod|rename|unlink|remove|fork\/exec) \S+: permission denied/,
    remedy: () => `let this user read, write and run the path that it names, ${GOES_ON}`,
  },
  { sign: /EROFS|read-only file system/i, remedy: () => `make the path that it names writable, ${GOES_ON}` },
  {
    sign: /heap out of memory|runtime: out of memory|cannot allocate memory|\bENOMEM\b/,
    remedy: () => `make sure that this machine has enough free memory (free -m), ${GOES_ON}`,
  },
  {
    sign: /too many open files|\bEMFILE\b/,
    remedy: () => `raise the limit of open files (ulimit -n 8192), ${GOES_ON}`,
  },
  {
    sign: /passphrase must be set|incorrect passphrase/,
    remedy: () => `export PULUMI_CONFIG_PASSPHRASE_FILE, or PULUMI_CONFIG_PASSPHRASE, of this stack, ${GOES_ON}`,
  },
  {
    // Each stack has a key of its own, which its file names.
    sign: /message authentication failed|\bInvalidCiphertextException|\bIncorrectKeyException|(?:could not|fail\w* to) decrypt/i,
    remedy: () =>
      `put secretsprovider, encryptedkey and encryptionsalt of the stack's file back as they were committed (git diff), and set again what was copied from another stack (pulumi config set --secret); ${GOES_ON}`,
  },
  { sign: /\[401\] /, remedy: () => `log in (pulumi login, or export PULUMI_ACCESS_TOKEN), ${GOES_ON}` },
  {
    sign: /\[409\] |the stack is currently locked by/,
    remedy: () => `wait until the other update has ended, or end it if it has died (pulumi cancel), ${GOES_ON}`,
  },
  {
    sign: /\[403\] /,
    remedy: () => `have the token's owner allowed what it names (pulumi whoami says who that is), ${GOES_ON}`,
  },
  {
    sign: /\[404\] /,
    remedy: () => `compare the names of organization, project and stack (pulumi stack ls --all), ${GOES_ON}`,
  },
  {
    sign: /\bKMSInvalidState|\bKMSKeyNotAccessible|\bKMSKeyDisabled/,
    remedy: () =>
      `make the KMS key that it names usable again (aws kms describe-key, cancel-key-deletion, enable-key), ${GOES_ON}`,
  },
  {
    sign: /already scheduled for deletion/,
    remedy: () =>
      `delete that secret for good (aws secretsmanager delete-secret --force-delete-without-recovery), if its value is needed no more, ${GOES_ON}`,
  },
  {
    sign: /\b(?:DB)?SnapshotAlreadyExists/,
    remedy: () => `copy the snapshot that it names under another name or delete it, ${GOES_ON}`,
  },
  {
    sign: /\bKeySigningKeyInParentDSRecord/,
    remedy: () =>
      `remove the domain's DS record in the parent zone, wait until its time to live has passed, ${GOES_ON}`,
  },
  {
    sign: UNKNOWN_YET,
    remedy: () =>
      "run the same command again in a minute: not all of AWS may know yet what was made just now; if it is refused again, correct what it names",
  },
  {
    sign: DONE_ALREADY,
    remedy: () => `run pulumi refresh for this stack: AWS has that already, and the state does not know it; ${GOES_ON}`,
  },
  {
    sign: /previous storage change is being optimized/,
    remedy: () => `wait until RDS has optimized the storage, which may take hours, ${GOES_ON}`,
  },
  {
    // Made by hand, or by another tool: it is in no state, and EKS has one of each.
    sign: /access entry resource is already in use|\bAssociation already exists|\bAddon already exists/,
    remedy: () =>
      `find out who made it beside this stack, and delete it (aws eks delete-access-entry, delete-pod-identity-association, delete-addon), ${GOES_ON}`,
  },
  {
    sign: /\bUpgrade readiness issues detected/,
    remedy: () =>
      `see what EKS found (aws eks list-insights, describe-insight) and correct it; EKS may take a day to look again; ${GOES_ON}`,
  },
  {
    sign: /\bWAFOptimisticLock/,
    remedy: () => "run the same command again: somebody else changed it at the same time",
  },
  { sign: BUSY, remedy: () => `wait until the operation that it names has finished, ${GOES_ON}` },
  {
    sign: REFUSED_BY_AWS,
    remedy: () => "correct what it names in the config or the program: unchanged, AWS will refuse it again",
    isRefusal: true,
  },
  {
    // A binding stays with its target group, also with one that is gone.
    sign: /TargetGroupBinding update may not change these fields/,
    remedy: () =>
      `its target group was replaced: kubectl delete the binding that it names, and Helm makes it again for the new group; ${GOES_ON}`,
  },
  {
    sign: /another operation \(install\/upgrade\/rollback\) is in progress/,
    remedy: () => `npx sparki preflight says which Helm release it is; wait until its operation has ended, ${GOES_ON}`,
  },
  {
    sign: /Duplicate resource URN/,
    remedy: () => "correct the program, which declares that twice: unchanged, it will be refused again",
    isRefusal: true,
  },
  {
    sign: REFUSED_BEFORE,
    remedy: () => "correct what it names in the config or the program: unchanged, it will be refused again",
    isRefusal: true,
  },
  {
    sign: /^pulumi was killed while it worked/,
    remedy: () =>
      "make sure that this machine has enough free memory, for which a system kills, then run the same command again: it says how to remove the lock that was left, and continues from where it stopped",
  },
  {
    sign: PROVIDER_LOST,
    remedy: () =>
      `a provider process of the engine has died: make sure that this machine has enough free memory, ${GOES_ON}`,
  },
  {
    sign: /\betcdserver: |client connection lost|the object has been modified/,
    remedy: () => "run the same command again: the cluster's API was busy, or something else changed the same object",
  },
  {
    sign: /failed calling webhook "([^"]+)"/,
    remedy: (webhook) => `find out why the service behind the webhook ${webhook} does not answer, ${GOES_ON}`,
  },
  {
    sign: /\bUnauthorized$|asked for the client to provide credentials|executable aws failed/,
    remedy: () =>
      `make sure that the AWS credentials are valid, and their role one of sparki:cluster.administrators, ${GOES_ON}`,
  },
  {
    sign: /signed by unknown authority|self[- ]signed certificate|unable to (?:get local issuer|verify the first) certificate/,
    remedy: () =>
      `have this machine trust the authority that signs its connections, a proxy's as a rule (SSL_CERT_FILE, AWS_CA_BUNDLE, NODE_EXTRA_CA_CERTS), ${GOES_ON}`,
  },
  {
    sign: /context deadline exceeded|Client\.Timeout|connection (?:refused|reset)|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|i\/o timeout|TLS handshake timeout|no such host|fetch failed|\bEOF\b/i,
    remedy: () => `check that it can be reached from this machine, ${GOES_ON}`,
  },
];

/** A failure in one line: what happened in the provider's last words, and what to do next. */
export function failureWithNextStep(failure: string): string {
  return `${inOneLine(failure)}. Next: ${nextStep(failure)}`;
}

/** Whether what was asked for is wrong in itself, by the words of who refused it: no later run gets further with it. */
export function isRefusal(failure: string): boolean {
  return remedyOf(failure)?.isRefusal === true;
}

/** Of a failure that is not known it is not said that another run would fix it. */
function nextStep(failure: string): string {
  const found = remedyOf(failure);
  if (found !== undefined) return found.remedy(found.sign.exec(withEveryCode(failure))?.[1] ?? "");
  return `sparki does not know this failure: find out what it means, ${GOES_ON}`;
}

function remedyOf(failure: string): Remedy | undefined {
  const coded = withEveryCode(failure);
  return REMEDIES.find(({ sign }) => sign.test(coded));
}

/** What stands between an operation of AWS and the code of its error. */
const BEFORE_CODE =
  /(\boperation error [^:,]+: \w+, (?:exceeded [^,]*, \d+, )?(?:https response error )?(?:StatusCode: \d+, )?(?:(?:RequestID|HostID): [^,]*, )*)(?=(?:\w+\.)?[A-Z]\w+: )/g;

/** AWS's SDK calls only those codes an `api error` that its model of the service does not have. */
function withEveryCode(failure: string): string {
  return failure.replace(BEFORE_CODE, "$1api error ");
}

/** Without what the AWS provider wraps its errors in: lists of one, and numbers of requests. */
function inOneLine(failure: string): string {
  return failure
    .replace(/^[\s\S]*\b1 error occurred:\s*\* /, "")
    .replace(/https response error StatusCode: \d+, RequestID: [\w-]*, /g, "")
    .replace(/\s+/g, " ")
    .trim();
}

/**
 * How a deploy ended: `stopped` left the last good release live, `rolled-back` proved it again, `held` could not prove
 * the new one, `failed` can be resumed after an outside fault, and is for a person when what is live is not well, or when the
 * rollback failed.
 */
export interface Outcome {
  readonly outcome: "promoted" | "rolled-back" | "stopped" | "held" | "failed";
  readonly exitCode: number;
  readonly reason: string;
}

/** What a deploy came to that needs no rollback, by where it ended and what the decision tree said to it. */
export function outcomeOf(deployment: Deployment, { phase, reason }: Ending, action: Action): Outcome {
  if (action === "proceed") return { outcome: "promoted", exitCode: EXIT.done.code, reason };
  if (action === "hold") return { outcome: "held", exitCode: EXIT.held.code, reason };
  const isConfig = deployment.up === undefined && isMistake(deployment.preview?.code);
  if (isConfig) return { outcome: "stopped", exitCode: EXIT.usage.code, reason };
  const isOwn = deployment.refusal !== undefined || wasRefused(deployment) || OWN_PHASES.has(phase);
  // No pod of any release starts then: whichever phase was the first to notice, the release is not to blame.
  const isOutside = NO_NODE.test(reason) || (!isOwn && !isRefusal(reason));
  return isOutside
    ? { outcome: "failed", exitCode: EXIT.outside.code, reason }
    : { outcome: "stopped", exitCode: EXIT.refused.code, reason };
}

/** In these a failure is the release's own doing. */
const OWN_PHASES: ReadonlySet<string> = new Set(["database", "one-box", "fleet"]);

/** Policies and gates refuse, as AWS does what is wrong in itself; everything else breaks. */
function wasRefused({ preview, up, gates }: Deployment): boolean {
  const { violations } = (up ?? preview)?.policy ?? { violations: [] };
  return violations.some(({ level }) => level === "mandatory") || gates.some(({ verdict }) => verdict !== "pass");
}

/** What the tree needs to know beside the ending. */
interface Circumstances {
  readonly canRollBack: boolean;
  readonly hasState: boolean;
}

/** What the tree says to a deploy that has ended: it has looked as long as it may, and has not gone back yet. */
export function decideOn(ending: Ending, circumstances: Circumstances): Decision {
  const decision = decide({
    ...ending,
    ...circumstances,
    elapsedSeconds: 0,
    deadlineSeconds: 0,
    destroyRequested: false,
    rollbackTried: false,
    highErrorSeconds: 0,
  });
  return withFinding(decision, ending.reason);
}

/** One decision to continue for each gate that passed, in order. */
export function decisionsOf(gates: readonly GateResult[]): Decision[] {
  return [...Map.groupBy(gates, ({ gate }) => gate)].flatMap(([gate, results]) => {
    if (worst(results.map(({ verdict }) => verdict)) !== "pass") return [];
    const phase = results.find((result) => result.phase !== undefined)?.phase;
    if (phase === undefined) return [];
    const reason = `${gate}: ${gateCountsText(results)} passed`;
    return [{ phase, action: "proceed", reason, page: false, gate } as const];
  });
}

/** Whether requests were counted against a limit; health is seen, and has none. */
export function isCounted({ kind }: Pick<GateResult, "kind">): boolean {
  return kind !== "health";
}

/** How much a gate checked, such as `4 health checks, 4 objectives`. */
export function gateCountsText(results: readonly Pick<GateResult, "kind">[]): string {
  const objectives = results.filter(isCounted).length;
  const checks = results.length - objectives;
  const told = [amount(checks, "health check"), amount(objectives, "objective")];
  return told.filter((text) => text !== "").join(", ") || "nothing";
}

function amount(count: number, what: string): string {
  if (count === 0) return "";
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
