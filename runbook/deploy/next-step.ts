interface Remedy {
  /** In the words of AWS, its provider or the engine. */
  readonly sign: RegExp;
  readonly remedy: (found: string) => string;
}

const GOES_ON = "then run the same command again: it goes on from where it stopped";

/** Ordered: the first that fits. */
const REMEDIES: readonly Remedy[] = [
  {
    sign: /unexpected state '[\w-]*fail/i,
    remedy: () => "mend what it names, then run the same command again: it deletes what failed and makes it anew",
  },
  {
    sign: /timeout while waiting for state/,
    remedy: () => "run the same command again: it waits for what AWS still makes",
  },
  { sign: /\bExpiredToken|\bRequestExpired/, remedy: () => `get new AWS credentials, ${GOES_ON}` },
  {
    sign: /not authorized to perform:? ([\w-]+:\w+)/,
    remedy: (action) => `allow ${action} to the role that deploys, ${GOES_ON}`,
  },
  {
    sign: /\bInsufficient\w*Capacity\w*/,
    remedy: () => `set another size (sparki:database instanceClass, sparki:cache nodeType) or wait, ${GOES_ON}`,
  },
  { sign: /exceeded maximum number of attempts/, remedy: () => `wait until AWS answers again, ${GOES_ON}` },
  {
    sign: /writing the new snapshot|fail\w* to save (the )?snapshot|checkpoint/i,
    remedy: () => "make the state's backend writable, then run the same command again: it looks for what was not saved",
  },
];

/** A failure in one line: what happened in the provider's last words, and what to do next. */
export function failureWithNextStep(failure: string): string {
  return `${inOneLine(failure)}. Next: ${nextStep(failure)}`;
}

function nextStep(failure: string): string {
  for (const { sign, remedy } of REMEDIES) {
    const found = sign.exec(failure);
    if (found !== null) return remedy(found[1] ?? "");
  }
  return "run the same command again: it goes on from where it stopped";
}

/** Without what the AWS provider wraps its errors in: lists of one, and numbers of requests. */
function inOneLine(failure: string): string {
  return failure
    .replace(/^[\s\S]*\b1 error occurred:\s*\* /, "")
    .replace(/https response error StatusCode: \d+, RequestID: [\w-]*, /g, "")
    .replace(/\s+/g, " ")
    .trim();
}
