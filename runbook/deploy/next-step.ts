interface Remedy {
  /** In the words of AWS, its provider, Kubernetes or the engine. */
  readonly sign: RegExp;
  readonly remedy: (found: string) => string;
  /** What was asked for is wrong in itself: asked again as it is, it is refused again. */
  readonly isRefusal?: true;
}

const GOES_ON = "then run the same command again: it goes on from where it stopped";
/** Of a request that may have been right, and was wrong at that moment. */
const BUSY =
  /\bapi error (?:\w+\.)?(?:Invalid\w*State\w*|IncorrectState\w*|IncorrectInstanceState|DependencyViolation|\w*InUse\w*|ConcurrentModification\w*|OperationAborted|\w*InProgress\w*|ResourceNotReady\w*)/;
const OVERLOADED =
  /exceeded maximum number of attempts|\bapi error (?:\w*Throttl\w*|RequestLimitExceeded|TooManyRequests\w*|SlowDown|ServiceUnavailable\w*|Internal\w*|RequestTimeout\w*)/;
/** AWS's codes for a request that is wrong in itself, whenever it is made. */
const REFUSED_BY_AWS =
  /\bapi error (?:\w+\.)?(?:Validation\w*|Invalid[\w.]*|Malformed\w*|Missing\w*|\w*NotSupported\w*|Unsupported\w*|\w*TooLong\w*|\w*Mismatch\w*|\w*AlreadyExists\w*|Duplicate\w*|EntityAlreadyExists|BadRequest\w*|UnsupportedOperation)/;
/** The provider's own words, before it asks AWS, and Kubernetes' for an object that it does not take. */
const REFUSED_BEFORE =
  /has a problem: |\bcannot be longer than \d+|\bexpected length of \S+ to be|\bMissing required argument|\bInvalid or unknown key|\bConflictsWith\b|\bis invalid: |\bis forbidden: (?!User )|\bdenied the request: /;

/** Ordered: the first that fits. */
const REMEDIES: readonly Remedy[] = [
  {
    sign: /unexpected state '[\w-]*fail/i,
    remedy: () => "correct what it names, then run the same command again: it deletes what failed and makes it anew",
  },
  {
    sign: /timeout while waiting for state/,
    remedy: () => "run the same command again: it waits for what AWS still makes",
  },
  {
    sign: /\bExpiredToken|\bRequestExpired|\bInvalidClientTokenId|\bInvalidAccessKeyId|\bUnrecognizedClient|\bAuthFailure|\bSignatureDoesNotMatch|\bInvalidSignature/,
    remedy: () => `get new AWS credentials, ${GOES_ON}`,
  },
  {
    sign: /not authorized to perform:? ([\w-]+:\w+)/,
    remedy: (action) => `allow ${action} to the role that deploys, ${GOES_ON}`,
  },
  {
    sign: /\bInsufficient\w*Capacity\w*/,
    remedy: () => `set another size (sparki:database instanceClass, sparki:cache nodeType) or wait, ${GOES_ON}`,
  },
  { sign: OVERLOADED, remedy: () => `wait until AWS answers again, ${GOES_ON}` },
  {
    sign: /\b\w*(?:LimitExceeded|QuotaExceeded|QuotaFault)\w*/,
    remedy: () => `have AWS raise that quota, or delete what is not used, ${GOES_ON}`,
  },
  {
    sign: /writing the new snapshot|fail\w* to save (the )?snapshot|checkpoint/i,
    remedy: () => "make the state's backend writable, then run the same command again: it looks for what was not saved",
  },
  { sign: /ENOSPC|no space left on device/i, remedy: () => `make room on this machine's disk (df -h), ${GOES_ON}` },
  { sign: /EROFS|read-only file system/i, remedy: () => `let this machine write where it says, ${GOES_ON}` },
  { sign: BUSY, remedy: () => `wait until what it names has settled, ${GOES_ON}` },
  {
    sign: REFUSED_BY_AWS,
    remedy: () => "correct what it names in the config or the program: asked again as it is, AWS refuses it again",
    isRefusal: true,
  },
  {
    sign: REFUSED_BEFORE,
    remedy: () => "correct what it names in the config or the program: asked again as it is, it is refused again",
    isRefusal: true,
  },
  {
    sign: /connection (?:refused|reset)|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|i\/o timeout|TLS handshake timeout|no such host|fetch failed|\bEOF\b/i,
    remedy: () => `see whether it can be reached from here, ${GOES_ON}`,
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

/** Of a failure that is not known it is not said that another run would mend it. */
function nextStep(failure: string): string {
  const found = remedyOf(failure);
  if (found !== undefined) return found.remedy(found.sign.exec(failure)?.[1] ?? "");
  return `nothing is known here of this failure: find out what it means, ${GOES_ON}`;
}

function remedyOf(failure: string): Remedy | undefined {
  return REMEDIES.find(({ sign }) => sign.test(failure));
}

/** Without what the AWS provider wraps its errors in: lists of one, and numbers of requests. */
function inOneLine(failure: string): string {
  return failure
    .replace(/^[\s\S]*\b1 error occurred:\s*\* /, "")
    .replace(/https response error StatusCode: \d+, RequestID: [\w-]*, /g, "")
    .replace(/\s+/g, " ")
    .trim();
}
