/** A kind of secret that is known by its own form, wherever it stands. */
interface TokenKind {
  readonly kind: string;
  /** Begins at a word's begin and takes the whole run at once, so that a long line takes linear time. */
  readonly pattern: RegExp;
  /** @default every match is one */
  readonly isOne?: (match: string) => boolean;
}

const hasDigit = (match: string) => /\d/.test(match);
const isMixed = (match: string) => hasDigit(match) && /[a-z]/.test(match) && /[A-Z]/.test(match);

/**
 * The forms that issuers document for their credentials, as GitHub's secret scanning lists them
 * (https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns).
 */
const KINDS: readonly TokenKind[] = [
  { kind: "JSON web token", pattern: /(?<![\w-])eyJ[\w-]{6,}(?:\.[\w-]*){1,4}/g },
  { kind: "AWS access key", pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}/g },
  {
    kind: "AWS session token",
    pattern: /(?<![A-Za-z0-9])(?:FwoGZXIvYXdz|FQoGZXIvYXdz|IQoJb3JpZ2lu|AQoDYXdz|AQoEXAMPLE)[\w+/=%-]+/g,
  },
  { kind: "Slack token", pattern: /(?<![A-Za-z0-9])x(?:ox[a-z]|app|wfp)(?:\.xox[a-z])?-[\w-]{4,}/g },
  { kind: "GitHub token", pattern: /(?<![A-Za-z0-9])(?:gh[a-z]_|github_pat_)\w{10,}/g },
  { kind: "GitLab token", pattern: /(?<![A-Za-z0-9])gl[a-z]{2,6}-[\w.-]{10,}/g, isOne: hasDigit },
  { kind: "secret key of an API", pattern: /(?<![A-Za-z0-9-])sk-[\w-]{16,}/g, isOne: hasDigit },
  { kind: "Stripe key", pattern: /(?<![A-Za-z0-9])[a-z]{1,2}k_(?:live|test|prod)_\w{8,}/g },
  { kind: "signing secret of a webhook", pattern: /(?<![A-Za-z0-9])whsec_[\w+/=]{8,}/g },
  { kind: "Twilio key", pattern: /(?<![A-Za-z0-9])SK[0-9a-f]{32}(?![A-Za-z0-9])/g },
  { kind: "SendGrid key", pattern: /(?<![A-Za-z0-9])SG\.[\w-]{10,}(?:\.[\w-]+)?/g },
  { kind: "Mailgun key", pattern: /(?<![A-Za-z0-9])key-[0-9a-f]{32}(?![A-Za-z0-9])/g },
  { kind: "Mailchimp key", pattern: /(?<![A-Za-z0-9])[0-9a-f]{32}-us\d{1,2}(?!\w)/g },
  { kind: "npm token", pattern: /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{16,}/g },
  { kind: "PyPI token", pattern: /(?<![A-Za-z0-9])pypi-[\w-]{16,}/g, isOne: isMixed },
  { kind: "Docker token", pattern: /(?<![A-Za-z0-9])dckr_[a-z]+_[\w-]{16,}/g },
  { kind: "Pulumi access token", pattern: /(?<![A-Za-z0-9])pul-[0-9a-f]{20,}/g },
  { kind: "Google API key", pattern: /(?<![A-Za-z0-9])AIza[\w-]{20,}/g },
  { kind: "Google OAuth", pattern: /(?<![A-Za-z0-9])(?:ya29\.|GOCSPX-|1\/\/0)[\w.-]{16,}/g },
  { kind: "Vault token", pattern: /(?<![A-Za-z0-9])hv[a-z]\.[\w-]{16,}/g },
  { kind: "Terraform Cloud token", pattern: /(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[\w-]{16,}/g },
  { kind: "DigitalOcean token", pattern: /(?<![A-Za-z0-9])do[a-z]_v1_[0-9a-f]{16,}/g },
  { kind: "New Relic key", pattern: /(?<![A-Za-z0-9])NR[A-Z]{2}-\w{16,}/g },
  { kind: "Doppler token", pattern: /(?<![A-Za-z0-9.])dp\.[a-z]{2,5}\.[\w.-]{16,}/g },
  { kind: "Databricks token", pattern: /(?<![A-Za-z0-9])dapi[0-9a-f]{32}/g },
  { kind: "Shopify token", pattern: /(?<![A-Za-z0-9])shp[a-z]{2}_[0-9a-fA-F]{16,}/g },
  { kind: "Square token", pattern: /(?<![A-Za-z0-9])sq0[a-z]{3}-[\w-]{16,}/g },
  { kind: "Atlassian token", pattern: /(?<![A-Za-z0-9])AT(?:ATT3|BB|CTT3)[\w=-]{16,}/g },
  { kind: "Telegram bot", pattern: /(?<![A-Za-z0-9])(?:bot)?\d{8,10}:AA[\w-]{30,}/g },
  { kind: "Discord bot", pattern: /(?<![\w.-])[MNO][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,}/g },
  { kind: "age identity", pattern: /(?<![A-Za-z0-9])AGE-[A-Z-]*KEY-[A-Z0-9-]{16,}/gi },
  { kind: "Tailscale key", pattern: /(?<![A-Za-z0-9])tskey-[\w-]{10,}/g },
  { kind: "Airtable token", pattern: /(?<![A-Za-z0-9])pat[A-Za-z0-9]{14}\.[0-9a-f]{16,}/g },
  { kind: "RubyGems key", pattern: /(?<![A-Za-z0-9])rubygems_[0-9a-f]{16,}/g },
  { kind: "Grafana token", pattern: /(?<![A-Za-z0-9])gl[a-z]{1,3}_[A-Za-z0-9+/=]{16,}(?:_[0-9a-f]{8})?/g },
  {
    kind: "password's hash",
    pattern: /(?<![\w$])\$(?:2[abxy]?|1|5|6|7|y|gy|apr1|argon2(?:id|i|d)|scrypt|pbkdf2[\w-]*)\$[\w./$=,+-]{12,}/g,
  },
  {
    kind: "password's verifier",
    pattern: /(?<![\w-])SCRAM-SHA-\d{1,3}\$\d{1,9}:[\w+/=]{8,}(?:\$[\w+/=]+(?::[\w+/=]+)?)?/g,
  },
  { kind: "text under gzip, which nobody reads here", pattern: /(?<![A-Za-z0-9+/=])H4sI[A-Za-z0-9+/_-]{28,}={0,2}/g },
  { kind: "Postman key", pattern: /(?<![A-Za-z0-9])PMAK-[\w-]{16,}/g },
  // What many younger issuers do: a short prefix, an underscore, random characters.
  {
    kind: "token with its issuer's prefix",
    pattern: /(?<![A-Za-z0-9_])[A-Za-z][A-Za-z0-9]{1,11}_(?:[A-Za-z0-9]{1,12}_)?[A-Za-z0-9]{20,}(?![\w])/g,
    isOne: (match) => isMixed(match.slice(match.lastIndexOf("_") + 1)),
  },
  {
    kind: "key with its issuer's prefix",
    pattern: /(?<![A-Za-z0-9_-])[a-z][a-z0-9]{1,7}-(?:[a-z0-9]{1,8}-)?[A-Za-z0-9_]{32,}(?![\w-])/g,
    isOne: (match) => !/^sha\d/.test(match) && isMixed(match.slice(match.lastIndexOf("-") + 1)),
  },
];

/** A line of a key's PEM, or of an OpenSSH one, that has lost its begin: exactly as wide, and of random characters. */
const PEM_LINE = /(?<![\w+/=:.-])[A-Za-z0-9+/]{64}(?:[A-Za-z0-9+/]{6})?(?![\w+/=])/g;
const AWS_KEY_ID = /(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{12,}/;
/** The secret that belongs to an AWS access key has no form of its own but its length. */
const AWS_SECRET = /(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/])/g;

/** The text without the tokens that are known by their form. */
export function withoutTokens(text: string, mark: string): string {
  const beside = AWS_KEY_ID.test(text) ? replaced(text, AWS_SECRET, mark, isMixed) : text;
  const left = KINDS.reduce((rest, { pattern, isOne }) => replaced(rest, pattern, mark, isOne), beside);
  return replaced(left, PEM_LINE, mark, isMixed);
}

function replaced(text: string, pattern: RegExp, mark: string, isOne: (match: string) => boolean = () => true): string {
  return text.replace(pattern, (match) => (isOne(match) ? mark : match));
}
