import {
  type Block,
  blockAfter,
  isCode,
  isOpaque,
  isPublicValue,
  Memory,
  secrecyOf,
  withoutBlocks,
  withoutNamedSecrets,
} from "./secret-fields.ts";

/** What stands where a secret was. */
export const SECRET = "[secret]";

/**
 * The text without the secrets in it: private keys, credentials in addresses, values that a name says are secret, and
 * tokens of a known form. Digests, ids, ARNs and words stay. Takes time linear in the text's length.
 */
export function redacted(text: string): string {
  if (text.length > LONGEST_REMEMBERED) return redactedTo(text, MOST_ENCODINGS);
  return remembered.of(text, () => redactedTo(text, MOST_ENCODINGS));
}

/** A report shows the same lines of charts over and over, and in each of its forms. At most 4 MB of them are kept. */
const remembered = new Memory<string>(5_000);
const LONGEST_REMEMBERED = 200;

/** Base64 in base64 is decoded so often; every encoding is a third shorter than the one around it. */
const MOST_ENCODINGS = 3;
const LETTER = "(3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aA])";
/**
 * Letters and digits that JSON, a language, an address or a page may write as escapes, so that a name is read as it is
 * meant. Two more digits behind `\\x` make it bytes in hex.
 */
const ESCAPED = new RegExp(
  [
    String.raw`\\u00${LETTER}`,
    String.raw`\\U000000${LETTER}`,
    String.raw`\\u\{0{0,4}${LETTER}\}`,
    String.raw`\\x${LETTER}(?![0-9a-fA-F]{2})`,
    `%${LETTER}(?=[A-Za-z%_])`,
    `&#x0{0,4}${LETTER};`,
    "&#0{0,4}(4[89]|5[0-7]|6[5-9]|[78][0-9]|90|9[5789]|1[01][0-9]|12[0-2]);",
    String.raw`\\(06[0-7]|07[01]|1[0-2][1-7]|1[1246]0|13[0-27]|1[45][1-7]|150|16[0-7]|17[0-2])`,
  ].join("|"),
  "g",
);
const DECIMAL = 7;

/** An escape may be made of escapes, so often. */
const MOST_ESCAPES = 4;

function unescaped(text: string, times = MOST_ESCAPES): string {
  const once = text.replace(ESCAPED, (_, ...groups: (string | undefined)[]) => {
    const decimal = groups[DECIMAL - 1];
    const octal = groups[DECIMAL];
    if (typeof octal === "string") return String.fromCharCode(Number.parseInt(octal, 8));
    const hex = groups.slice(0, DECIMAL - 1).find((group) => typeof group === "string");
    return String.fromCharCode(decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal));
  });
  return once === text || times === 1 ? once : unescaped(once, times - 1);
}

function redactedTo(text: string, encodings: number): string {
  const plain = unescaped(text);
  const isSecret = (decoded: string) => redactedTo(decoded, encodings - 1) !== decoded;
  return withoutPem(plain, SECRET, (part) => {
    const decoded = encodings === 0 ? part : withoutEncoded(part, SECRET, isSecret);
    const named = withoutNamedSecrets(
      withoutUrlSecrets(withoutTokens(withoutBlocks(decoded, SECRET), SECRET), SECRET),
      SECRET,
    );
    return withoutTokens(named, SECRET);
  });
}

/** The same text as it comes, a line at a time, without the secrets in it, keys over several lines included. */
export async function* redactedLines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  let isInKey = false;
  let held: Held | undefined;
  const released = (): string[] => {
    const { lines = [], goesOn = false } = held ?? {};
    held = undefined;
    if (lines.length === 0) return [];
    return redacted(lines.join("\n"))
      .split("\n")
      .slice(goesOn ? 1 : 0);
  };
  const shown = (line: string): string[] => {
    if (isInKey) {
      isInKey = !closesKey(line);
      return [];
    }
    isInKey = opensPrivateKey(line);
    if (held !== undefined && !isInKey && held.isMore(line)) {
      if (held.isHidden) return [];
      held.lines.push(line);
      if (held.lines.length < MOST_HELD) return [];
      const { isMore, isHeaded, lines } = held;
      const before = released();
      const isHidden = !isHeaded && before.at(-1)?.endsWith(SECRET) === true;
      held = { isMore, isHeaded, lines: isHeaded ? lines.slice(0, 1) : [], goesOn: isHeaded, isHidden };
      return before;
    }
    const before = released();
    const block = isInKey ? undefined : blockAfter(line);
    if (block === undefined) return [...before, redacted(line)];
    held = { ...block, lines: [line], goesOn: false, isHidden: false };
    return before;
  };
  for await (const chunk of chunks) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) for (const text of shown(line)) yield `${text}\n`;
  }
  const last = [...(rest === "" ? [] : shown(rest)), ...released()];
  for (const [index, text] of last.entries()) yield index < last.length - 1 || rest === "" ? `${text}\n` : text;
}

/** Lines that are read together: a name, and the values below it. */
interface Held extends Block {
  readonly lines: string[];
  /** The first line was shown before, with others below it. */
  readonly goesOn: boolean;
  /** Those that follow belong to a secret whose begin was one, and are left out. */
  readonly isHidden: boolean;
}

const MOST_HELD = 200;

/** A document's value without the secrets in it, by the names of its fields and by what its texts hold. */
export function withoutSecrets(value: unknown): unknown {
  if (typeof value === "string") return redacted(value);
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  const { name, key } = { name: undefined, key: undefined, ...value };
  const names = [name, key].filter((each) => typeof each === "string");
  const named = names.some((each) => secrecyOf(each) !== "none");
  return Object.fromEntries(
    Object.entries(value).map(([field, each]) => {
      const called = field === "value" ? [field, ...names] : [field];
      const isShort = typeof each === "string" || typeof each === "number";
      if (isShort && called.some((it) => isCode(it, String(each)))) return [field, SECRET];
      const secrecy = named && field === "value" ? "password" : secrecyOf(field);
      return [field, secrecy === "none" ? withoutSecrets(each) : hidden(each, secrecy)];
    }),
  );
}

function hidden(value: unknown, secrecy: "password" | "secret"): unknown {
  if (typeof value === "string") return isPublicValue(value) ? value : SECRET;
  if (secrecy === "password" && typeof value === "number") return SECRET;
  if (Array.isArray(value)) {
    const isSecret = (each: unknown) => secrecy === "password" || (typeof each === "string" && isOpaque(each));
    return value.map((each) => (isSecret(each) ? hidden(each, secrecy) : withoutSecrets(each)));
  }
  if (secrecy === "secret" || typeof value !== "object" || value === null) return withoutSecrets(value);
  return Object.fromEntries(Object.entries(value).map(([field, each]) => [field, hidden(each, secrecy)]));
}

/** A kind of secret that is known by its own form, wherever it stands. */
interface TokenKind {
  readonly kind: string;
  /** Begins at a word's begin and takes the whole run at once, so that a long line takes linear time. */
  readonly pattern: RegExp;
  /** @default every match is one */
  readonly isOne?: (match: string) => boolean;
}

const hasDigit = (match: string) => /\d/.test(match);
/** Of random characters, or of as many hex digits as no id has that is short. */
const isRandom = (part: string) => (part.length >= 20 && isMixed(part)) || /^(?=.*\d)[0-9a-f]{32,}$/.test(part);
/** A digest or an id that a name is put before. */
const NAMED_DIGEST =
  /^(?:sha\d*|md5|blake\w*|etag|hash|digest|crc\w*|git|commit|rev|uuid|guid|id|trace|span|req|request|run|job|build|image|layer)_[0-9a-f]+$/i;
const isMixed = (match: string) => hasDigit(match) && /[a-z]/.test(match) && /[A-Z]/.test(match);

/**
 * The forms that issuers document for their credentials, as GitHub's secret scanning lists them
 * (https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns).
 */
const KINDS: readonly TokenKind[] = [
  {
    kind: "address of a webhook",
    pattern: /(?<![\w./-])hooks\.slack\.com\/(?:services|workflows|triggers)\/[\w/-]{8,}/g,
  },
  { kind: "AWS access key", pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}/g },
  {
    kind: "AWS session token",
    pattern: /(?<![A-Za-z0-9])(?:FwoGZXIvYXdz|FQoGZXIvYXdz|IQoJb3JpZ2lu|AQoDYXdz|AQoEXAMPLE)[\w+/=%-]+/g,
  },
  { kind: "token for a cluster of EKS", pattern: /(?<![A-Za-z0-9])k8s-aws-v1\.[\w-]{16,}/g },
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
  {
    kind: "gzip-compressed text, which cannot be searched",
    pattern: /(?<![A-Za-z0-9+/=])H4sI[A-Za-z0-9+/_-]{28,}={0,2}/g,
  },
  { kind: "Postman key", pattern: /(?<![A-Za-z0-9])PMAK-[\w-]{16,}/g },
  { kind: "old Vault token", pattern: /(?<![\w.-])[sbr]\.[A-Za-z0-9]{24}(?![\w.-])/g, isOne: isMixed },
  { kind: "New Relic licence", pattern: /(?<![A-Za-z0-9])[0-9a-f]{32,40}(?:FF)?NRAL(?![A-Za-z0-9])/g },
  { kind: "crates.io token", pattern: /(?<![A-Za-z0-9])cio[A-Za-z0-9]{32}(?![A-Za-z0-9])/g, isOne: isMixed },
  { kind: "Cloudflare origin key", pattern: /(?<![A-Za-z0-9])v1\.0-[0-9a-f]{16,}-[0-9a-f]{32,}/g },
  { kind: "Firebase device", pattern: /(?<![A-Za-z0-9])(?:[\w-]{11,22}:)?APA91b[\w-]{16,}/g },
  { kind: "PASETO", pattern: /(?<![\w.-])v[1-4]\.(?:local|public)\.[\w-]{16,}(?:\.[\w-]+)?/g },
  { kind: "macaroon", pattern: /(?<![A-Za-z0-9+/])MDAx[A-Za-z0-9+/_-]{24,}={0,2}/g },
  { kind: "Azure client's secret", pattern: /(?<![\w~.-])[\w~.]{3}\dQ~[\w~.-]{31,40}(?![\w~.-])/g },
  { kind: "Facebook token", pattern: /(?<![A-Za-z0-9])EAA[A-Za-z0-9]{30,}/g, isOne: hasDigit },
  // What many younger issuers do: a short prefix, an underscore, random characters.
  {
    kind: "token with its issuer's prefix",
    pattern: /(?<![A-Za-z0-9_])[A-Za-z][A-Za-z0-9]{1,11}_(?:[A-Za-z0-9]{1,24}_){0,3}[A-Za-z0-9]{20,}(?!\w)/g,
    isOne: (match) => match.split("_").slice(1).some(isRandom) && !NAMED_DIGEST.test(match),
  },
  {
    kind: "key with its issuer's prefix",
    pattern: /(?<![A-Za-z0-9_-])[A-Za-z][A-Za-z0-9]{1,7}-(?:[a-z0-9]{1,8}-)?[A-Za-z0-9_]{32,}(?![\w-])/g,
    isOne: (match) => !/^sha\d/i.test(match) && isMixed(match.slice(match.lastIndexOf("-") + 1)),
  },
];

/** A line of a key's PEM, or of an OpenSSH one, that has lost its begin: exactly as wide, and of random characters. */
const PEM_LINE = /(?<![\w+/=:.-])[A-Za-z0-9+/]{64}(?:[A-Za-z0-9+/]{6})?(?![\w+/=])/g;
const AWS_KEY_ID = /(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{12,}|secret[_-]?access[_-]?key/i;
/** The secret that belongs to an AWS access key has no form of its own but its length. */
const AWS_SECRET = /(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/])/g;

/** A JSON web token, which is wrapped over lines at its dots. */
const WEB_TOKEN = /(?<![\w-])eyJ[\w-]{6,}(?:\.(?:\r?\n[ \t]{0,20}(?=[\w-]{16}))?[\w-]*){1,4}/g;

/** The text without the tokens that are known by their form. */
function withoutTokens(text: string, mark: string): string {
  const beside = AWS_KEY_ID.test(text) ? replaced(text, AWS_SECRET, mark, isMixed) : text;
  const whole = replaced(beside, WEB_TOKEN, mark);
  const left = whole.replace(WORD, (word) => withoutWordTokens(word, mark));
  return replaced(left, PEM_LINE, mark, isMixed);
}

/** No kind has a blank in it, and none is shorter. */
const WORD = /\S{8,}/g;

function withoutWordTokens(word: string, mark: string): string {
  const judged = () => KINDS.reduce((rest, { pattern, isOne }) => replaced(rest, pattern, mark, isOne), word);
  return word.length > LONGEST_WORD ? judged() : words.of(`${mark} ${word}`, judged);
}

/** Texts have few words, over and over. */
const words = new Memory<string>(5_000);
const LONGEST_WORD = 200;

function replaced(text: string, pattern: RegExp, mark: string, isOne: (match: string) => boolean = () => true): string {
  return text.replace(pattern, (match) => (isOne(match) ? mark : match));
}

const BEGIN = /----- ?BEGIN ([A-Z0-9 ]{1,60})-----|---- BEGIN (SSH2 [A-Z ]{1,40}) ----/g;

const NEXT = /----[- ] ?(?:BEGIN|END) /g;

const PUBLIC =
  /^(?:CERTIFICATE|TRUSTED CERTIFICATE|X509 CRL|CERTIFICATE REQUEST|NEW CERTIFICATE REQUEST|[A-Z0-9 ]*PUBLIC KEY|PGP SIGNATURE|PGP SIGNED MESSAGE|DH PARAMETERS|EC PARAMETERS)$/;

/** What a block is made of where its end is missing, be its lines real ones or written as `\n`. */
const BODY =
  /(?:\\+[nr]|[A-Za-z0-9+/=])*(?:\r?\n[ \t>|]*(?:[A-Za-z0-9+/]+={0,2}|(?:Proc-Type|DEK-Info|Comment|Version):[^\n]*)?(?=\r?\n|$))*/y;

const LOST_BEGIN =
  /(?:(?<![A-Za-z0-9+/=])[A-Za-z0-9+/=]{1,80}(?:\r?\n|\\+n))?[ \t]{0,8}-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----/g;

/**
 * The text without the private keys in it, over as many lines as they have, and with `others` done to all that is
 * neither a private key nor a public block such as a certificate.
 */
function withoutPem(text: string, mark: string, others: (text: string) => string): string {
  let out = "";
  let from = 0;
  const handled = (part: string) => others(part.replace(LOST_BEGIN, mark));
  const last = Math.max(text.lastIndexOf("-- END "), text.lastIndexOf("--END "));
  BEGIN.lastIndex = 0;
  for (let found = BEGIN.exec(text); found !== null; found = BEGIN.exec(text)) {
    const body = found.index + found[0].length;
    const end = endOf(text, body, last);
    const isPublic = PUBLIC.test((found[1] ?? found[2] ?? "").trimEnd());
    out += handled(text.slice(from, found.index)) + (isPublic ? text.slice(found.index, end) : mark);
    from = end;
    BEGIN.lastIndex = end;
  }
  return out + handled(text.slice(from));
}

/** Whether a block of a private key begins in this line and does not end in it. */
function opensPrivateKey(line: string): boolean {
  const begin = line.lastIndexOf("-----BEGIN ");
  return (
    begin !== -1 && /^[A-Z0-9 ]*PRIVATE KEY/.test(line.slice(begin + 11, begin + 80)) && !closesKey(line.slice(begin))
  );
}

function closesKey(line: string): boolean {
  return line.includes("-----END ");
}

/** Behind the block's last line; every block that begins is searched for its end only up to the next one that ends. */
function endOf(text: string, body: number, last: number): number {
  if (body > last) return body + bodyLength(text, body);
  NEXT.lastIndex = body;
  const next = NEXT.exec(text);
  if (next !== null && !next[0].includes("BEGIN")) {
    const close = text.indexOf("----", next.index + next[0].length);
    return close === -1 ? text.length : close + (text[close + 4] === "-" ? 5 : 4);
  }
  return body + bodyLength(text, body);
}

function bodyLength(text: string, body: number): number {
  BODY.lastIndex = body;
  return BODY.exec(text)?.[0].length ?? 0;
}

/** A run of base64 in either alphabet, over lines where it is wrapped as MIME and PEM wrap it. */
const BASE64 =
  /(?<![\w+/-])[A-Za-z0-9+/_-]{16,}(?:(?<=[A-Za-z0-9+/_-]{60})\r?\n[ \t]{0,20}[A-Za-z0-9+/_-]{4,76})*={0,2}/g;

/** Base64 over lines, each of them alone: indented, quoted, parts of a program's text, or written with `\n`. */
const LINE_END = String.raw`(?:(?:["'${"`"}][ \t]{0,4}[,+\\]?|[ \t]{0,4}\\)?[ \t]{0,4}\r?\n[ \t>|]{0,80}["'${"`"}]?|(?:\\+r)?\\+n)`;
const LINES = new RegExp(String.raw`(?<![\w+/=-])[\w+/-]{4,512}(?:${LINE_END}[\w+/-]{1,512})+={0,2}`, "g");
const LINE_ENDS = new RegExp(`(${LINE_END})`);

const HEX = /(?<![A-Za-z0-9])(?:[0-9a-fA-F]{2}){16,}(?![A-Za-z0-9])/g;

/** `user:password`, as Docker, npm and HTTP keep it. */
const PAIR = /^(?!(?:arn|urn|sha\d+|[a-z]+:\/\/))[\w.@+-]{1,64}:[\x21-\x7e]{3,}$/i;

const UNREADABLE = /[^\P{C}\t\r\n]|\ufffd/u;
const UNREADABLE_ONES = new RegExp(UNREADABLE, "gu");

/**
 * The text without what is base64 or hex of a secret: of a pair of user and password, and of any text in which
 * `isSecret` finds one. What decodes to no text, such as a digest, stays.
 */
function withoutEncoded(text: string, mark: string, isSecret: (decoded: string) => boolean): string {
  const hides = (bytes: Buffer) => {
    if (isPrivateKey(bytes)) return true;
    const decoded = bytes.toString("utf8");
    return !UNREADABLE.test(decoded) && (PAIR.test(decoded) || isSecret(decoded));
  };
  const replacer = (encoding: "base64" | "hex") => (run: string) => (hides(Buffer.from(run, encoding)) ? mark : run);
  return text
    .replace(LINES, (lines) => withoutWrapped(lines, mark, (body) => hides(Buffer.from(body, "base64"))))
    .replace(BASE64, replacer("base64"))
    .replace(HEX, replacer("hex"));
}

/** Lines of text without those that are wrapped base64 of a secret: all of one width but for the last one. */
function withoutWrapped(text: string, mark: string, hides: (body: string) => boolean): string {
  const parts = text.split(LINE_ENDS);
  const lines = parts.filter((_, index) => index % 2 === 0);
  let out = "";
  for (let at = 0; at < lines.length; ) {
    const width = lines[at]?.length ?? 0;
    let full = at;
    while (full < lines.length && lines[full]?.length === width) full++;
    const rest = lines[full]?.replace(/=+$/, "").length ?? width;
    const isRest = rest < width && lines[full + 1]?.length !== lines[full]?.length;
    // A rest may be a line of its own.
    const ends = isRest ? [full + 1, full] : [full];
    const end = ends.find((each) => each - at > 1 && isWrapped(lines.slice(at, each), hides));
    const next = end ?? full;
    out += end === undefined ? parts.slice(2 * at, 2 * next - 1).join("") : mark;
    out += parts[2 * next - 1] ?? "";
    at = next;
  }
  return out;
}

const SHORTEST_BODY = 16;

function isWrapped(lines: readonly string[], hides: (body: string) => boolean): boolean {
  const body = lines.join("");
  return body.length >= SHORTEST_BODY && (hides(body) || isBytes(lines, body));
}

/** Lines of random characters, of which words, names and digests have none: what they are of, nobody reads here. */
function isBytes([first = "", ...more]: readonly string[], body: string): boolean {
  if (first.length < 16 || more.length < 2 || !/[+/=]/.test(body) || !isMixed(body)) return false;
  const decoded = Buffer.from(body, "base64").toString("utf8");
  // A letter that is cut in two makes no bytes of a text.
  if ((decoded.match(UNREADABLE_ONES)?.length ?? 0) < decoded.length / 8) return false;
  const kinds = body.replace(/[a-z]/g, "a").replace(/[A-Z]/g, "b").replace(/\d/g, "c");
  const runs = kinds.match(/a+|b+|c+|[^abc]+/g)?.length ?? 0;
  return runs / body.length > 0.45;
}

/**
 * Whether bytes are a private key without the lines around it: PKCS #1 and #8, SEC 1 and PKCS #12 begin with a version,
 * where certificates and public keys have none; an encrypted one says how (PKCS #5 and #12); OpenSSH's has its own name.
 */
function isPrivateKey(bytes: Buffer): boolean {
  if (bytes.subarray(0, 14).toString("latin1") === "openssh-key-v1") return true;
  if (bytes.length < 32 || bytes[0] !== 0x30) return false;
  const length = bytes[1] ?? 0;
  const inside = 2 + (length > 0x80 ? length - 0x80 : 0);
  const isVersioned = bytes[inside] === 0x02 && bytes[inside + 1] === 1 && (bytes[inside + 2] ?? 9) <= 3;
  const head = bytes.subarray(inside, inside + 24);
  return inside <= 6 && (isVersioned || ENCRYPTED.some((oid) => head.includes(oid)));
}

/** 1.2.840.113549.1.5 and 1.2.840.113549.1.12.1, as DER has them. */
const ENCRYPTED = ["2a864886f70d0105", "2a864886f70d010c01"].map((oid) => Buffer.from(oid, "hex"));

const SCHEME = /(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,30}:\/\//gi;

/** As far as an address goes in text; what ends it cannot stand in one unescaped. */
const REST = /[^\s"'`<>\\]{0,4000}/y;

const HOST = /^(?:\[[\da-f:.%]*\]|[\w.-]*)(?::\d{0,5})?$/i;

const TEMPLATE = /^[^:]*:(?:\{|\$|%|port)/i;

const WEB = /^(?:https?|wss?|oci|docker|file|git|s3|gs|urn)$/i;

/** `user:password@tcp(host)/name`, as drivers of Go take it, and `user:password@host:port` without a scheme. */
const BARE =
  /(?<![\w./:@-])[\w.-]{1,64}:(?![\d.]{1,12}@)[^\s:@/"'`]{1,128}@(?=(?:tcp|unix)\(|(?!sha\d+:)[\w.-]{1,253}:\d{1,5}(?:[/?\s"',;)]|$))/g;

/** An address that takes its scheme from where it stands. */
const SCHEMELESS = /(?<![\w:/])\/\/[\w.%+-]{1,64}:[^\s:@/"'`]{1,128}@(?=[\w.-]|\[)/g;

/** `user/password@`, as Oracle's driver takes it. */
const ORACLE = /(\bjdbc:oracle:\w{1,10}:)[\w.-]{1,64}\/[^\s@"'`]{1,128}(?=@)/g;

/** What is left of a password with a blank in it. */
const CUT = /(?<=:\/\/\[secret\])[ \t][^\s@"'`<>]{1,128}(?=@[\w.-]{1,253}(?:[:/?]|$))/gm;

/** The text without the credentials that addresses carry: their user's part, and the secret path of a webhook. */
function withoutUrlSecrets(text: string, mark: string): string {
  let out = "";
  let from = 0;
  SCHEME.lastIndex = 0;
  for (let found = SCHEME.exec(text); found !== null; found = SCHEME.exec(text)) {
    const begin = found.index + found[0].length;
    REST.lastIndex = begin;
    const run = upToNextUrl(REST.exec(text)?.[0] ?? "");
    out += text.slice(from, begin) + withoutUser(found[0].slice(0, -"://".length), run, text[begin + run.length], mark);
    from = begin + run.length;
    SCHEME.lastIndex = Math.max(from, SCHEME.lastIndex);
  }
  return (out + text.slice(from))
    .replace(SCHEMELESS, `//${mark}@`)
    .replace(BARE, `${mark}@`)
    .replace(ORACLE, `$1${mark}`)
    .replace(CUT, "");
}

/** Two addresses may stand side by side, with a comma between them. */
function upToNextUrl(run: string): string {
  const next = run.indexOf("://");
  return next === -1 ? run : run.slice(0, next).replace(/[a-z][a-z0-9+.-]{0,30}$/i, "");
}

/** A password may hold what parts an address, `p@ss` or `p/ss`: the last `@` that a host can follow counts. */
function withoutUser(scheme: string, rest: string, next: string | undefined, mark: string): string {
  const pathAt = rest.search(/[/?#]/);
  const authority = pathAt === -1 ? rest : rest.slice(0, pathAt);
  if (rest.startsWith(mark)) return rest;
  // A user, a password and a host of which each sign is escaped.
  const escaped = /^[^/?#]{0,400}%3a[^/?#]{1,400}%40/i.exec(rest)?.[0];
  if (escaped !== undefined && !authority.includes("@")) return `${mark}@${rest.slice(escaped.length)}`;
  const isHost = HOST.test(authority);
  // In a web address that begins with a host, an `@` further on is of its path.
  if (isHost && (WEB.test(scheme) || !authority.includes(":"))) return withoutHook(rest, mark);
  const query = authority.includes("@") ? rest.search(/[?#]/) : -1;
  const searched = query === -1 || query < pathAt ? rest : rest.slice(0, query);
  const at = lastUserEnd(searched);
  if (at === -1) {
    const isCut = next !== undefined && /["'`<>\\]/.test(next);
    const isBad = !isHost && !TEMPLATE.test(authority) && authority.includes(":") && (isCut || !WEB.test(scheme));
    return isBad ? `${mark}${rest.slice(authority.length)}` : withoutHook(rest, mark);
  }
  const user = rest.slice(0, at);
  const isPlain = !user.includes(":") && !isOpaque(decoded(user)) && !/^[0-9a-f]{24,}$/.test(user);
  return isPlain ? rest : `${mark}@${withoutHook(rest.slice(at + 1), mark)}`;
}

/** A package's scope (`/@scope/name`) and an image's digest (`name@sha256:`) are no hosts. */
function lastUserEnd(text: string): number {
  for (let at = text.lastIndexOf("@"); at > 0; at = text.lastIndexOf("@", at - 1))
    if (text[at - 1] !== "/" && !/^sha\d{3}:/.test(text.slice(at + 1, at + 8))) return at;
  return -1;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whoever knows a webhook's address may post to it: what follows the part that says so is its secret. */
function withoutHook(rest: string, mark: string): string {
  const end = rest.search(/[?#]/);
  const path = end === -1 ? rest : rest.slice(0, end);
  const query = end === -1 ? "" : rest.slice(end).replace(SIGNED, `$1${mark}`);
  const [host = "", ...parts] = path.split("/");
  const hook = parts.findIndex((part) => /hook/i.test(part));
  const isHook = /hook/i.test(host) || KNOWN_HOOK.test(path);
  const kept = isHook && hook === -1 ? 1 : hook + 1;
  const hidden = parts.slice(kept);
  const isSecret = isHook ? hidden.some((part) => part !== "") : kept > 0 && hidden.some(looksSecret);
  return isSecret ? `${[host, ...parts.slice(0, kept)].join("/")}/${mark}${query}` : `${path}${query}`;
}

/** Whoever has a signed address may use it until it expires: of S3, of Google's and Azure's storage, of CloudFront. */
const SIGNED = /([?&](?:x-amz-signature|x-goog-signature|signature|sig)=)[^&#\s]{4,}/gi;

const KNOWN_HOOK =
  /^(?:events\.pagerduty\.com\/integration|maker\.ifttt\.com|outlook\.office(?:365)?\.com\/webhook|[\w.-]*\.logic\.azure\.com\/workflows)/i;

function looksSecret(part: string): boolean {
  return isOpaque(part) || /^[0-9a-f]{24,}$/i.test(part) || (part.length >= 20 && /\d/.test(part));
}
