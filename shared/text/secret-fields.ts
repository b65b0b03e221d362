/** Answers to questions that are asked over and over; a full memory is emptied, so that it stays small. */
export class Memory<T> {
  readonly #known = new Map<string, T>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** What was answered before, else the answer now. */
  of(question: string, answer: () => T): T {
    const known = this.#known.get(question);
    if (known !== undefined) return known;
    const found = answer();
    if (this.#known.size >= this.#most) this.#known.clear();
    this.#known.set(question, found);
    return found;
  }
}

/** Parts of a name that say that its value is a secret, in any spelling: `DB_PASSWORD`, `clientSecret`, `x-api-key`. */
const SECRET_PART =
  /passw(?:or)?d|passwort|kennwort|contrasen|senha|passphrase|passcode|secret|apikey|accesskey|privatekey|signingkey|encryptionkey|masterkey|accountkey|servicekey|sharedkey|authkey|licensekey|sshkey|credential|token|jwt|bearer|authoriz?ation|cookie|connectionpass|requirepass|masterauth|sessionid|sessid|samlresponse|assertion/;

const SECRET_END =
  /(?:pwd|pswd|creds?|otp|hmackey|sessionkey|mfacode|webhook|webhookurl|bindpw|psk|keydata|mnemonic|seedphrase|(?:recovery|backup)codes?|(?:totp|otp|mfa|hmac)(?:seed|key)|pepper|plaintext)$/;

/** `DB_PASS` is a password; `pass` alone is also a verdict. */
const SECRET_LAST_WORD =
  /[a-z0-9](?:[_.-]pass|Pass)$|_PASS$|(?:store|key)pass$|^(?:sshpass|SSHPASS)$|(?:^|[_.-])(?:pw|PW)$|[_.-]auth$|_AUTH$/;

/** A name of, an address of, or a number about a secret is none, nor what a policy that is named after secrets says. */
const ABOUT_SECRET =
  /(?:arn|names?|refs?|references?|count|length|size|url|uri|endpoint|host|path|files?|folder|type|kind|policy|policies|expir(?:y|es?|ation|esat|esin)|ttl|(?:expires|created|updated|issued|rotated)(?:at|on)|version|enabled|required|rotation|rotator|provider(?:class)?|class|store|storage|lifetime|since|until|age|days|seconds|minutes|limit|manager|issuer|id|ids|index|field|column|mount|volume|reader|budget|bucket|stdin|status|state|used|usage|check|checker|izer|ized|keyring|provisioner|^no(?:plain)?secrets?(?:inchartvalues)?|withcustomerkey|withouttokens|secretsencrypted|secretsrotate)$/;

/** Whose value is a password, whatever it looks like. */
const PASSWORD =
  /passw(?:or)?d|passwort|kennwort|contrasen|senha|passphrase|passcode|pwd$|pswd$|bindpw$|^psk$|sharedkey$|requirepass|masterauth/;

/** Ids that let in whoever has them. */
const SECRET_ID = /sessionid$|^secret_id$|sessid$/i;

/** What a name says of its value: `password` for one that is a secret whatever it looks like. */
type Secrecy = "password" | "secret" | "none";

/**
 * Letters that look like a Latin one and that no normal form turns into it: Cyrillic, Greek, Armenian, small capitals, and
 * Latin ones with a stroke or without a dot (the lower-case letters of https://www.unicode.org/reports/tr39/#Confusable_Detection).
 */
const LOOK_ALIKES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    a: "аɑαᴀ",
    b: "Ьвʙƅ",
    c: "сϲᴄ",
    d: "ԁɗᴅđ",
    e: "еєεᴇҽ",
    f: "ғꜰſ",
    g: "ɡɢԍ",
    h: "һнʜħ",
    i: "іιıɪӏ",
    j: "јᴊ",
    k: "кκᴋ",
    l: "ⅼʟłǀ",
    m: "мᴍ",
    n: "пոɴη",
    o: "оοσօᴏø",
    p: "рρᴘ",
    q: "ԛ",
    r: "гʀꭇ",
    s: "ѕꜱƽ",
    t: "тτᴛŧ",
    u: "υսᴜц",
    v: "ѵνᴠ",
    w: "ԝшωᴡ",
    x: "хχ",
    y: "уγʏү",
    z: "ᴢ",
  }).flatMap(([latin, others]) => [...others].map((other) => [other, latin])),
);

/** Digits and signs in a letter's place. */
const LEET: Readonly<Record<string, string>> = { "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", $: "s" };

function plainLetters(text: string): string {
  const lower = text.toLowerCase();
  return /\P{ASCII}/u.test(lower) ? lower.replace(/\P{ASCII}/gu, (letter) => LOOK_ALIKES[letter] ?? letter) : lower;
}

/** Passwords and keys in the languages that people name their variables in, as names are compared: without marks. */
const ELSEWHERE = new RegExp(
  [
    ...["парол", "секрет", "密码", "密碼", "口令", "密钥", "密鑰", "パスワード", "暗証", "비밀번호", "암호"],
    ...["motdepasse", "^passe$", "wachtwoord", "has[łl]o$", "l[oø]senord", "sifre$", "heslo$", "parola"],
    ...["jelszo", "salasana", "adgangskode", "lozinka"],
  ]
    .map((word) => word.normalize("NFKD").replace(/\p{M}/gu, ""))
    .join("|"),
);

/** Judges a key, a variable, a header or an option by its name, in linear time. */
export function secrecyOf(name: string): Secrecy {
  const end = name.slice(-LONGEST_NAME);
  return secrecies.of(end, () => secrecyOfEnd(end));
}

const secrecies = new Memory<Secrecy>(5_000);

function secrecyOfEnd(name: string): Secrecy {
  // Letters of another width, or with marks on them, are the same letters.
  const own = name.normalize("NFKD").replace(/\p{M}/gu, "");
  const end = /\P{ASCII}/u.test(own) ? own.replace(/\P{ASCII}/gu, (each) => plainLetters(each)) : own;
  const joined = end.replace(/[^\p{L}\p{N}]/gu, "").toLowerCase();
  if (ABOUT_SECRET.test(joined) && !SECRET_ID.test(end)) return "none";
  if (PASSWORD.test(joined)) return "password";
  // Its own alphabet's words stand in the name as it was.
  if (ELSEWHERE.test(own.replace(/[^\p{L}\p{N}]/gu, "").toLowerCase())) return "password";
  if (/[0-9$]/.test(end) && PASSWORD.test(joinedLeet(end))) return "password";
  if (SECRET_LAST_WORD.test(end)) return /auth$/i.test(end) ? "secret" : "password";
  return SECRET_PART.test(joined) || SECRET_END.test(joined) ? "secret" : "none";
}

function joinedLeet(name: string): string {
  return name
    .replace(/[^\p{L}\p{N}$]/gu, "")
    .toLowerCase()
    .replace(/[013457$](?=[a-z$013457]*[a-z])/g, (digit) => LEET[digit] ?? digit);
}

/** A name's end says what it is. */
const LONGEST_NAME = 120;

/** Names of short numbers that let someone in: PINs, one-time codes, and what is printed on cards. */
const CODE_NAME =
  /(?:^|[^a-z])(?:pin|puk|[tm]?otp|cvv2?|cvc2?)(?:[^a-z]{0,2}(?:code|number))?$|(?:^|[^a-z])(?:(?:pass|access|security|verification|confirmation|auth(?:entication)?|login|sms|2fa|mfa|unlock|door|one[^a-z]?time)[^a-z]{0,2}(?:code|pin))$/;
const CODE_END = /(?:pin|puk|otp|cv[vc]2?|code|number)$/i;
/** Four digits and more, or pairs and triples of them: less is a count, and what continues is a version, a time or a share. */
const CODE = /(?:\d{4,10}|\d{3}[ -]\d{3}|\d\d[ -]\d\d(?:[ -]\d\d)?)(?![\w%]|[-.:/]\w)/y;
const CARD_CODE = /\d{3,4}(?![\w%]|[-.:/]\w)/y;

/** Whether a name says that its value is a secret where it is a short number: `PIN`, `one-time code`. */
function isCodeName(name: string): boolean {
  if (!CODE_END.test(name)) return false;
  const end = name.slice(-LONGEST_NAME);
  return CODE_NAME.test(end.replace(/([a-z\d])(?=[A-Z])/g, "$1-").toLowerCase());
}

/** Whether a name and its value are a short number that lets someone in. */
export function isCode(name: string, value: string): boolean {
  return isCodeName(name) && codeLength(name, value, 0) === value.length;
}

function codeLength(name: string, text: string, at: number): number {
  const pattern = /cv[vc]/i.test(name) ? CARD_CODE : CODE;
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}

const PUBLIC_VALUE =
  /^(?:|true|false|null|nil|none|undefined|yes|no|on|off|unset|\[secret\]|<[\w .-]+>|\*+|x{3,}|\.{3}|…|\$\{[^{}]*\}|\$\([^()]*\)|\$[A-Za-z_]\w*|\{\{.*\}\}|%\(\w+\)s|%s|arn:aws[\w-]*:.*|sha(?:256|384|512)[:-][\w+/=]+)$/i;

/** Whether a secret's place holds something that everyone may see: nothing, a placeholder, a reference or a digest. */
export function isPublicValue(value: string): boolean {
  return PUBLIC_VALUE.test(value);
}

/** Text of random characters, such as a key: a long part without a word's shape. Digests in hex and UUIDs are none. */
export function isOpaque(value: string): boolean {
  if (value.length < 16 || /^(?:sha\d+[:-]|arn:)/.test(value) || /^[0-9a-f-]+$/.test(value)) return false;
  return value
    .split(/[-_.:/]/)
    .some((part) => part.length >= 12 && /\d/.test(part) && (/[a-z]/.test(part) || /[A-Z]/.test(part)));
}

const NAME = /[\p{L}_$][\p{L}\p{M}\p{N}_.$-]*/gu;
const QUOTE = String.raw`(?:\\*["'${"`"}]|\\*u0022|&quot;|&#0?3[49];|%22)`;
/** Between a name and its value: the name's closing quote, a bracket, and a sign in plain or in escaped form. */
const SEPARATOR = new RegExp(
  String.raw`(${QUOTE}[ \t]{0,20}:[ \t]{0,20}\r?\n\s{0,80}(?=\\*")|${QUOTE}?\]?[ \t]{0,20}(?:=>(?:\r?\n)?|->|[:?+]=|={1,3}|:(?!:)|[\uff1d\uff1a\ufe55\ua789\u2236\u2192\u21d2]|%(?:25){0,4}3[DdAa]|\\u003[daDA]|\\x3[daDA]|\\07[25]|&#(?:61|58);))[ \t]{0,20}`,
  "y",
);
/** An option's value is its next word, also in a list of quoted words. */
const OPTION_GAP = new RegExp(String.raw`${QUOTE},?[ \t]{0,20}(?=${QUOTE})|[ \t]{1,20}(?=[^\s-])`, "y");
const QUOTED_AFTER = /[ \t]{1,4}(?=["'`])/y;
/** What says in a sentence that a value follows. */
const IS =
  "(?:is|was|will be|should be|has been|had been)(?:[ \\t]{1,4}(?:now|still))?(?:[ \\t]{1,4}(?:re)?set to|[ \\t]{1,4}changed to)?|(?:re)?set to|changed to|equals|ist|lautet|est";
const SAID_AFTER = new RegExp(
  String.raw`[ \t]{0,40}\|[ \t]{1,40}(?=[^\s"'${"`"}|])|[ \t]{1,4}(?:(?:${IS}|to|of|as)[:=]?[ \t]{1,4})?(?=[^\s"'${"`"}])`,
  "y",
);
const SAYS_IS = new RegExp(`(?:${IS})`, "i");
/** Whose secret it is, or where it counts: `password for bob`, `password (prod)`. */
const OWNER =
  /[ \t]{1,4}(?:(?:for|of|on|at|to|in|as|used by|belonging to)[ \t]{1,4}(?=\S)|(?=\([^()\n]{1,60}\)|\[[^[\]\n]{1,60}\]))/y;
const LONGEST_OWNER = 160;
const SAYS = new RegExp(
  String.raw`[ \t]{0,4}(?:[:\uff1a\ua789\u2236]=?(?=[ \t])|:(?=\w)|(?:={1,2}>?|->|[\u2192\u21d2])(?!=)|[\u2013\u2014-](?=[ \t]))[ \t]{0,4}|[ \t]{1,4}(?:${IS})[:=]?[ \t]{1,4}`,
  "gi",
);
/** A field beside the owner, whose value is none of the secret's: `password for user=bob host=db`. */
const OTHER_FIELD =
  /(?:^|[\s,;(?&])(?:user(?:name)?|login|role|account|client|host|addr(?:ess)?|server|port|db|dbname|database|service|app|name|id|uid|env|stack|region|cluster|instance|namespace|pod|url|path|file|line|key|arn)$/i;
/** What a password is not, though it has letters and digits: a place, a date, a measure, a name of the craft. */
const NO_PASSWORD =
  /^(?:[a-z][a-z+.-]*:\/\/.*|\.{0,2}\/.*|~\/.*|[\w.-]+(?:\/[\w.-]+)+|[A-Z][A-Z\d]*(?:_[A-Z\d]+)+|[a-z][a-z\d-]*(?:\.[a-z\d-]+)+(?::\d+)?|[^\s@]+@[\w-]+(?:\.[\w-]+)+|\d{4}-\d\d(?:-\d\d.*)?|\d+[a-z]{1,2}|v?\d+(?:\.\d+)+|(?:sha|md|aes|rsa|hs|rs|es)-?\d+.*|base\d\d|utf-?\d+|argon2\w*|bcrypt\w*|scrypt|pbkdf2|ed25519|x509|oauth2?|ipv\d|http\d|s3|k8s)$/i;
/** What is counted, not told. */
const UNIT =
  /^[ \t]{1,4}(?:of|days?|hours?|minutes?|seconds?|ms|weeks?|months?|years?|char(?:acter)?s?|digits?|letters?|bytes?|bits?|times|attempts?|tries|retries|requests?|users?|rows?|entries|items|%)/i;
/** A value that stands before what it is: `x is the password for bob`, `with x as password`. */
const SAID_BEFORE =
  /(?<![^\s"'`(])([^\s"'`()[\]]{4,128})(["'`]?[ \t]{1,4}(?:(?:is|was)[ \t]{1,4}(?:now[ \t]{1,4})?(?:the|my|your|our|his|her|their|its|a|[\w-]{1,40}'s)|as(?:[ \t]{1,4}(?:the|my|your|a))?)[ \t]{1,4}(?:[a-z]{1,20}[ \t]{1,4}){0,2}?([\p{L}_-]{1,40}))(?=[.,;:!?)]|[ \t]{1,4}(?:for|of|to|on)\b|[ \t\r]*(?:\n|$))/gimu;
const OPENING = new RegExp(QUOTE, "y");
/** What a language writes before a text of its own: `Some("x")`, `b'x'`, `string(9) "x"`, `&"x"`. */
const WRAPPED = /(?:[A-Za-z_][\w:.<>]{0,60}[ \t]?\((?:\d{1,6}\)[ \t])?|[brufEN&*$]{1,2})(?=["'`])/y;
/** A bare value continues over what parts fields where no further field follows. */
const BARE = /(?:[^\s"'`<>&;,}\])]|[&;,](?![\w.-]{0,64}[=:]|\s|$)|[}\])](?![\s,;}\])"'`&]|$))+/y;
const SCHEME_WORD = /(?:Bearer|Basic|Token|ApiKey|Api-Key|Negotiate|NTLM|GoogleLogin|SSWS|JWT)[ \t]{1,4}/iy;
/** A scheme of one issuer: a word, and a word with a digit in it. */
const OTHER_SCHEME = /[A-Z][A-Za-z]{2,30}[ \t]{1,4}(?=\[secret\]|[\w.~+/=:-]{0,400}\d[\w.~+/=:-]{7,})/y;
const TO_LINE_END = /[^\n"'`]*/y;
const STANDALONE = /(?<![\w-])(Bearer|Basic)[ \t]{1,4}([\w.~+/=-]{6,})/gi;
/** Redis: `AUTH [user] password`, and the settings that hold one; netrc: `login user password x`. */
const REDIS =
  /(^|["'>:\]][ \t]{0,4})(AUTH|HELLO[ \t][23][ \t]AUTH)((?:"?[ \t]{1,4}"?(?!(?:failed|denied|required|error|is|on|off|and|or)\b)[^\s"]{1,512}){1,2})/gm;
const SETTING = /\b(requirepass|masterauth|primaryauth|masteruser)([ \t]{1,4}"?)([^\s"]{1,512})/gi;
const NETRC = /\b(login[ \t]{1,4}\S{1,128}[ \t]{1,4}password[ \t]{1,4})\S{1,512}/gi;
const SQL = /\b(identified[ \t]{1,4}(?:with[ \t]{1,4}\w{1,40}[ \t]{1,4})?(?:by|as)[ \t]{1,4})'[^'\n]*'?/gi;
/** A text of SQL in which a backslash or a doubled quote ends nothing. */
const SQL_ESCAPED = /\b(password[ \t]{1,4}(?:E|N|U&))'(?:[^'\\\n]|\\.|''){0,2000}'?/gi;
const DIGEST = /\b(Digest[ \t]{1,4})(?=username=)[^\n]{0,4000}/gi;
/** PostgreSQL's password file: `host:port:database:user:password`. */
const PGPASS = /(?<![\w./:*-])((?:[\w.*-]{1,253}:)(?:\d{4,5}|\*):[\w*-]{1,63}:[\w*.-]{1,63}:)([^\s"'`]{1,512})/g;
const CLIENT_PASSWORD =
  /(\b(?:mysql|mysqldump|mysqladmin|sshpass|redis-cli|mongo|mongosh|mongodump|mongorestore)\b[^\n|;]{0,200}?[ \t]-(?:p|a|-pass[ \t=]|u[ \t]{0,2}[\w.-]{1,40}:)[ \t]{0,1})(?=[^\s-])[^\s"']{1,200}/g;
const LOGIN =
  /(\b(?:docker|podman|nerdctl|buildah|skopeo|oras|crane|cosign|helm|az)\b[^\n|;]{0,80}?[ \t]login\b[^\n|;]{0,200}?[ \t]-p[ \t=]{0,2}["']?)(?=[^\s-])[^\s"']{1,200}/g;
const OTHER_CLIENTS =
  /(\b(?:ldap(?:search|add|modify|delete|whoami|passwd)\b[^\n|;]{0,400}?[ \t]-[wsa][ \t]{0,2}|(?:un)?zip\b[^\n|;]{0,80}?[ \t]-P[ \t]{0,2}|htpasswd\b[^\n|;]{0,80}?[ \t]-\w*b\w*[ \t]\S{1,200}[ \t]\S{1,80}[ \t]{1,4}|(?:https?|xhs?)[ \t][^\n|;]{0,80}?-a[ \t]{0,2}[\w.-]{1,64}:|net[ \t]use[ \t][^\n|;/]{1,200}?\\\\\S{1,200}[ \t]{1,4}))(?=[^\s/-])[^\s"']{1,200}/gi;
/** A value that one program says, and another one reads as its password. */
const PIPED =
  /(\b(?:echo|printf)[ \t]{1,4}(?:-[neE]{1,2}[ \t]{1,4})?(?:["']%s(?:\\n)?["'][ \t]{1,4})?["']?)(?=[^\s"'|$-])[^\s"'|]{1,512}(?=["']?[ \t]{0,4}\|[^\n]{0,300}?(?:--password-stdin|--stdin\b|\bpasswd\b|\bchpasswd\b|\bsudo[ \t]-S))/g;
/** What a client of FTP, POP3 or IMAP says when it logs in, alone on its line. */
const WIRE_LOGIN =
  /(^|["'>:\]][ \t]{0,4})((?:\w{1,16}[ \t])?LOGIN[ \t]\S{1,128}[ \t]|PASS[ \t])([^\s/]{4,512})(?=[ \t\r]*$)/gm;
const ACL = /\bACL[ \t]{1,4}SETUSER\b[^\n]{0,2000}/gi;
/** Of PagerDuty's, which is no message broker's, and Opsgenie's header. */
const WAKING =
  /\b((?:routing|integration|service)_?key["']?[ \t]{0,4}[:=][ \t]{0,4}["']?|GenieKey[ \t]{1,4})(?:[0-9a-z]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4,12}){4})\b/gi;
const LITERAL = /(--from-literal[ =]["']?[\w.-]{1,253}=)[^\s"']{1,4000}/g;
/** The private parts of a key in JSON (RFC 7518). */
const JSON_KEY = /("(?:d|p|q|dp|dq|qi|k)"\s{0,8}:\s{0,8}")[\w+/=-]{16,}/g;
const JSON_KEY_KIND = /"kty"\s{0,8}:/;
const CURL_USER =
  /(\bcurl\b[^\n|;]{0,400}?[ \t](?:-u|--user|--proxy-user)[ =]{0,2}["']?[^\s:"']{1,64}:)[^\s"']{1,200}/g;

const ARN = /arn:aws[\w-]{0,12}:[^\s"'`<>,;)}\]]*/y;
const TYPE_NAME = /:[A-Z]\w*/y;
/** A place that something else fills in. */
const REFERENCE = /\$\{[^{}\n]{0,200}\}|\$\([^()\n]{0,200}\)|\{\{[^{}\n]{0,200}\}\}|%\(\w{1,80}\)s/y;

/** Words that follow a name and a colon in a message about a secret rather than in front of one. */
const PROSE =
  /^(?:permission|invalid|unexpected|not|no|missing|cannot|could|couldn't|can't|failed|failure|error|expected|must|should|required|requires|expired|expires|denied|access|unauthorized|forbidden|the|a|an|is|are|was|were|has|have|had|in|on|at|by|of|for|from|with|and|or|unable|unknown|context|connection|dial|timeout|deadline|rpc|eof|authentication|wrong|incorrect|bad|too|illegal|found|empty|rejected|malformed|mismatch|already|does|do|will|would|please|set|see|use|run|valid|ok|changed|reset|stored|saved|sent|verified|accepted|generated|read|written|pass|fail|skipped|warn|created|updated|deleted|unchanged|same|update|create|delete|replace|rotated|stale|unset|none|null|true|false|nil|undefined|yes|no)\b(?!-[\w-]*\d)/i;

/** The text without the values whose names say that they are secret, in any quoting and at any depth. */
export function withoutNamedSecrets(text: string, mark: string): string {
  const scanner = new Scanner(withoutHeaders(text, mark), mark);
  return scanner.run();
}

function withoutHeaders(text: string, mark: string): string {
  return text
    .replace(
      REDIS,
      (_, before: string, word: string, rest: string) => `${before}${word}${rest.startsWith('"') ? '"' : ""} ${mark}`,
    )
    .replace(SETTING, (all, name: string, gap: string, value: string) =>
      isPublicValue(value) ? all : `${name}${gap}${mark}`,
    )
    .replace(NETRC, `$1${mark}`)
    .replace(SAID_BEFORE, (all, value: string, rest: string, name: string) =>
      isGiven(name, value, "", false) ? `${mark}${rest}` : all,
    )
    .replace(SQL, `$1'${mark}'`)
    .replace(SQL_ESCAPED, `$1'${mark}'`)
    .replace(DIGEST, `$1${mark}`)
    .replace(PGPASS, (all, before: string) => (/^[\da-f:.]+$/i.test(all) ? all : `${before}${mark}`))
    .replace(CLIENT_PASSWORD, `$1${mark}`)
    .replace(LOGIN, `$1${mark}`)
    .replace(OTHER_CLIENTS, `$1${mark}`)
    .replace(CURL_USER, `$1${mark}`)
    .replace(PIPED, `$1${mark}`)
    .replace(WIRE_LOGIN, (all, before: string, words: string, value: string) =>
      isGiven("password", value, "", false) ? `${before}${words}${mark}` : all,
    )
    .replace(ACL, (all) => all.replace(/([ \t][>#])[^\s"']{1,512}/g, `$1${mark}`))
    .replace(WAKING, `$1${mark}`)
    .replace(LITERAL, `$1${mark}`)
    .replace(JSON_KEY, (all, before: string) => (JSON_KEY_KIND.test(text) ? `${before}${mark}` : all))
    .replace(STANDALONE, (all, scheme: string, value: string) =>
      isCredential(scheme, value) ? `${scheme} ${mark}` : all,
    );
}

function isCredential(scheme: string, value: string): boolean {
  if (/^bearer$/i.test(scheme)) return /\d/.test(value) || value.length >= 24;
  return (
    /^[\w+/-]{8,}={0,2}$/.test(value) &&
    /^[^\s:]{1,200}:[\x20-\x7e]*$/.test(Buffer.from(value, "base64").toString("latin1"))
  );
}

/**
 * Whether what a sentence says of a secret is the secret itself. `isPlain` where a sign says so, such as a colon, so that
 * a word alone is one too; `after` is what follows it.
 */
function isGiven(name: string, value: string, after: string, isPlain: boolean): boolean {
  const word = value.replace(/[.,;:!?)\]]+$/, "");
  const secrecy = secrecyOf(name);
  if (isCode(name, word)) return !UNIT.test(after);
  if (secrecy === "none" || isPublicValue(word) || NO_PASSWORD.test(word)) return false;
  const isMixed = /\d/.test(word) && /\p{L}/u.test(word);
  if (secrecy === "secret") return isOpaque(word) || (isMixed && /^[\p{L}\d!#$%&*+=?@^_~]{6,}$/u.test(word));
  if (word.length < 4) return false;
  if (/^\d+$/.test(word)) return word.length <= 12 && !UNIT.test(after);
  if (isMixed || (/\p{L}/u.test(word) && /[!#$%&*+?@^~]/.test(word))) return true;
  const isLast = /^[.,;:!?]?[ \t\r]*(?:\n|$)/.test(after);
  return isPlain && isLast && !PROSE.test(word) && /^[\p{L}'-]+$/u.test(word);
}

const KIND_OF_FIELD = "(?:parameter|param|option|variable|setting|env|config|property|argument|attribute)";
/** A field that names what another one holds, and that other one, as AWS and others call them. */
const NAMES_FIELD = new RegExp(`^(?:name|key|field|header|variable|${KIND_OF_FIELD}_?(?:name|key))$`, "i");
const VALUE_FIELD = new RegExp(`^(?:value|val|stringvalue|data|${KIND_OF_FIELD}_?value)$`, "i");

/** Goes over the text once, name by name; what it has judged it does not visit again. */
class Scanner {
  readonly #text: string;
  readonly #mark: string;
  #out = "";
  #copied = 0;
  /** A field said that the next value is secret: `"name": "DB_PASSWORD", "value": "x"`. */
  #armedUntil = 0;
  #armedBy = "";
  #before: { readonly word: string; readonly end: number } = { word: "", end: -1 };

  constructor(text: string, mark: string) {
    this.#text = text;
    this.#mark = mark;
  }

  run(): string {
    const text = this.#text;
    NAME.lastIndex = 0;
    for (let found = NAME.exec(text); found !== null; found = NAME.exec(text)) {
      const [name] = found;
      const end = found.index + name.length;
      const next = this.#visit(name, found.index, end);
      this.#before = { word: name, end };
      if (next > end) NAME.lastIndex = next;
    }
    return this.#out + text.slice(this.#copied);
  }

  /** Resolves where to continue. */
  #visit(word: string, start: number, end: number): number {
    const name = this.#wholeName(word, start);
    if (this.#text.startsWith(this.#mark, start - 1)) return end;
    if (name === "arn") return start + Math.max(this.#match(ARN, start), name.length);
    // `aws:secretsmanager/secret:Secret` is a type's name.
    if (this.#text[start - 1] === "/" && this.#match(TYPE_NAME, end) > 0) return end;
    const secrecy = this.#secrecyOf(name, start);
    const valueAt = this.#valueAt(secrecy, name, start, end);
    if (valueAt !== undefined && isCodeName(name)) {
      const hidden = this.#hideCode(valueAt, name);
      if (hidden > valueAt || secrecy === "none") return Math.max(hidden, end);
    }
    if (secrecy === "none") {
      if (valueAt !== undefined && NAMES_FIELD.test(name)) this.#arm(valueAt);
      if (!(valueAt !== undefined && end < this.#armedUntil && VALUE_FIELD.test(name))) return end;
      this.#armedUntil = 0;
      if (secrecyOf(this.#armedBy) === "none") return Math.max(this.#hideCode(valueAt, this.#armedBy), end);
      return this.#hide(valueAt, "password", name, false);
    }
    if (valueAt === undefined) return end;
    const isLoose = /(?:[:\uff1a\ufe55\ua789\u2236\u2192\u21d2]|->)\s+$/.test(this.#text.slice(end, valueAt));
    return this.#hide(valueAt, secrecy, name, isLoose);
  }

  /** `api key` and `PIN code` are one name. */
  #wholeName(name: string, start: number): string {
    const { word, end } = this.#before;
    if (end !== start - 1 || this.#text[end] !== " ") return name;
    const isPart = /^(?:keys?|code|string)$/i.test(name) || (/^number$/i.test(name) && /^pin$/i.test(word));
    const whole = `${word}${name}`;
    return isPart && (secrecyOf(whole) !== "none" || isCodeName(whole)) ? whole : name;
  }

  #secrecyOf(name: string, start: number): Secrecy {
    const own = secrecyOf(name);
    if (own !== "none" || isCodeName(name)) return own;
    const end = start + name.length;
    const before = this.#before;
    if (/^(?:word|phrase)$/i.test(name) && before.end === start - 1 && /^pass$/i.test(before.word)) return "password";
    // In an address's query the short names are credentials.
    if (
      /[?&]/.test(this.#text[start - 1] ?? "") &&
      /^(?:key|sig|signature|code|auth|apikey|x-amz-signature|x-goog-signature)$/i.test(name)
    ) {
      const value = this.#bare(end + 1);
      if (this.#text[end] === "=" && (isOpaque(value) || value.length >= 24)) return "password";
    }
    // A header such as `Fastly-Key: x`.
    if (/^[A-Z][\w-]*-Key$/.test(name)) {
      const at = this.#match(SEPARATOR, end);
      if (at > 0 && isOpaque(this.#bare(end + at)) && this.#bare(end + at).length >= 20) return "password";
    }
    if (/^_?auth$|^pass$/i.test(name)) {
      const at = this.#match(SEPARATOR, end);
      if (at === 0) return "none";
      const value = this.#text.slice(end + at, end + at + 80).replace(/^\\*["']/, "");
      const word = /^[^\s"'\\,;}]*/.exec(value)?.[0] ?? "";
      const isSecret =
        word.length >= 8
          ? /\d|[a-z][A-Z]|=$/.test(word)
          : /^pass$/i.test(name) && /\d/.test(word) && /[a-z]/i.test(word);
      return isSecret ? "password" : "none";
    }
    return "none";
  }

  /** Where the value of a name begins; undefined where the name only stands in a sentence. */
  #valueAt(secrecy: Secrecy, name: string, start: number, end: number): number | undefined {
    const text = this.#text;
    const separated = this.#match(SEPARATOR, end);
    if (separated > 0) return end + separated;
    const isShort = isCodeName(name);
    if (secrecy === "none" && !isShort) return undefined;
    const isOption =
      text[start - 1] === "-" && /(?:^|[\s"'`=[(,])-{1,2}$/.test(text.slice(Math.max(0, start - 3), start));
    if (isOption && name !== "secret") {
      const gap = this.#match(OPTION_GAP, end);
      if (gap > 0) return end + gap;
    }
    const quoted = isOption ? 0 : this.#match(QUOTED_AFTER, end);
    if (quoted > 0 && (secrecy === "password" || isOpaque(this.#bare(end + quoted + 1)))) return end + quoted;
    const given = this.#givenAt(name, end);
    if (given !== undefined) return given;
    const said = this.#match(SAID_AFTER, end);
    if (said === 0) return undefined;
    const word = this.#bare(end + said);
    const after = text.slice(end + said + word.length, end + said + word.length + 24);
    // `we pin 2026 releases` is a sentence, and `PIN 2026` is not.
    const isSaid = /[a-z]/i.test(text.slice(end, end + said)) || /^[A-Z]|code$/.test(name);
    if (isShort && isSaid && codeLength(name, text, end + said) > 0 && !UNIT.test(after)) return end + said;
    if (secrecy !== "password") return secrecy === "secret" && isOpaque(word) ? end + said : undefined;
    const isMixed = word.length >= 4 && /\d/.test(word) && /[a-z]/i.test(word) && !/^sha\d|^\d+[a-z]{1,2}$/.test(word);
    const isOne = isMixed || (SAYS_IS.test(text.slice(end, end + said)) && isGiven(name, word, after, false));
    return isOne ? end + said : undefined;
  }

  /** Where a value begins behind its name and its owner: `password for bob: x`, `the token of ci is x`. */
  #givenAt(name: string, end: number): number | undefined {
    const owner = this.#match(OWNER, end);
    if (owner === 0) return undefined;
    const begin = end + owner;
    const line = this.#text.slice(begin, begin + LONGEST_OWNER + 128).split("\n", 1)[0] ?? "";
    for (const sign of line.matchAll(SAYS)) {
      const ownerName = line.slice(0, sign.index);
      if (ownerName === "") continue;
      if (sign.index > LONGEST_OWNER) return undefined;
      if (/^[=:]$/.test(sign[0]) && OTHER_FIELD.test(ownerName)) continue;
      const at = begin + sign.index + sign[0].length;
      const isHidden = [at, at + 1].some((place) => this.#text.startsWith(this.#mark, place));
      if (isHidden || (isCodeName(name) && codeLength(name, this.#text, at) > 0)) return at;
      const quote = /^["'`]/.exec(this.#text.slice(at, at + 1))?.[0];
      const value = quote === undefined ? this.#bare(at) : (line.slice(at - begin + 1).split(quote, 1)[0] ?? "");
      const after = this.#text.slice(at + value.length, at + value.length + 24);
      const isPlain = !/[a-z]/i.test(sign[0]);
      // A port, an ARN's part or a tag stands behind a colon too.
      if (sign[0] === ":" && !/^[\w-]{0,40}$/.test(ownerName)) continue;
      if (sign[0] === ":" && !/^(?=.*\d)(?=.*[a-z])[^:/]{6,}$/i.test(value)) continue;
      if (isGiven(name, value, quote === undefined ? after : "", isPlain)) return at;
    }
    return undefined;
  }

  /** Replaces the short number that begins here, in quotes or not, and tells where to continue. */
  #hideCode(begin: number, name: string): number {
    const at = begin + this.#match(WRAPPED, begin);
    const from = at + this.#match(OPENING, at);
    const length = codeLength(name, this.#text, from);
    return length === 0 ? begin : this.#replace(from, from + length);
  }

  #arm(valueAt: number): void {
    OPENING.lastIndex = valueAt;
    const opening = OPENING.exec(this.#text)?.[0].length ?? 0;
    const value = /^[\w./-]{1,120}/.exec(this.#text.slice(valueAt + opening, valueAt + opening + 130))?.[0] ?? "";
    this.#armedBy = value;
    this.#armedUntil = secrecyOf(value) === "none" && !isCodeName(value) ? 0 : valueAt + value.length + NEAR;
  }

  /** Replaces the value that begins here and tells where to continue. */
  #hide(begin: number, secrecy: Secrecy, name: string, isLoose: boolean): number {
    const text = this.#text;
    const at = begin + this.#match(WRAPPED, begin);
    OPENING.lastIndex = at;
    const quote = OPENING.exec(text)?.[0];
    // Three quotes are one in TOML and in Python.
    const isTriple = quote?.length === 1 && text.startsWith(quote.repeat(3), at);
    const opening = isTriple ? quote.repeat(3) : quote;
    if (opening !== undefined) {
      const from = at + opening.length;
      const end = closingOf(text, opening, from);
      return isPublicValue(text.slice(from, end)) ? end : this.#replace(from, end);
    }
    if (text.startsWith(this.#mark, at)) return at + this.#mark.length;
    const reference = this.#match(REFERENCE, at);
    if (reference > 0) return at + reference;
    const isHeader = /authori[sz]ation$/i.test(name);
    const isRegion = (text[at] === "{" && text[at + 1] !== "{") || text[at] === "[";
    if (/cookie\d?$/i.test(name)) {
      if (isRegion) return this.#hideRegion(at, "password", name);
      return this.#replace(at, at + this.#match(TO_LINE_END, at));
    }
    if (isHeader) {
      const scheme = this.#match(SCHEME_WORD, at) || this.#match(OTHER_SCHEME, at);
      if (scheme > 0) return this.#replaceBare(at + scheme);
      if (/^(?:Digest|AWS4|Signature|OAuth|Hawk)/i.test(text.slice(at, at + 10)))
        return this.#replace(at, at + this.#match(TO_LINE_END, at));
    }
    if (isRegion) return this.#hideRegion(at, secrecy, name);
    const value = this.#bare(at);
    if (value === "" || isPublicValue(value)) return at + value.length;
    if (secrecy !== "password" && /^\d{1,7}$/.test(value)) return at + value.length;
    if (isLoose && this.#isProse(at, value, secrecy)) return at;
    return this.#replaceBare(at);
  }

  /** What is inside brackets is secret as a whole, unless it is a list of references. */
  #hideRegion(at: number, secrecy: Secrecy, name: string): number {
    const end = regionEnd(this.#text, at);
    const inside = this.#text.slice(at + 1, end - 1);
    const isReferences = secrecy !== "password" && (/s$/i.test(name) || /\b(?:name|arn|ref|id|key)\b/i.test(inside));
    const isText = /^\s*\\*["']/.test(inside) && this.#text[at] === "[";
    if (inside.trim() === "" || (isReferences && !(isText && isOpaque(inside.replace(/["'\\\s,]/g, ""))))) return at;
    return this.#replace(at, end);
  }

  #isProse(at: number, value: string, secrecy: Secrecy): boolean {
    const after = this.#text.slice(at + value.length, at + value.length + 3);
    if (PROSE.test(value)) return secrecy !== "password" || /^[,;:.]?[ \t][A-Za-z("'<]/.test(after);
    if (secrecy === "password") return false;
    const isWord = /^[A-Za-z][a-z'-]*[.,;:!]?$/.test(value);
    return (
      (isWord && /^[,;:.]?[ \t][A-Za-z("']/.test(after)) ||
      /(?:Exception|Error|Denied|NotFound)[:,.]?$/.test(value) ||
      /^https?:\/\/|^[a-z][\w-]*:[\w./-]+:\w+$/.test(value)
    );
  }

  #bare(at: number): string {
    return this.#text.slice(at, at + this.#match(BARE, at));
  }

  #replaceBare(at: number): number {
    if (this.#text.startsWith(this.#mark, at)) return at + this.#mark.length;
    return this.#replace(at, at + this.#match(BARE, at));
  }

  #replace(begin: number, end: number): number {
    if (end <= begin) return end;
    this.#out += `${this.#text.slice(this.#copied, begin)}${this.#mark}`;
    this.#copied = end;
    return end;
  }

  #match(pattern: RegExp, at: number): number {
    pattern.lastIndex = at;
    return pattern.exec(this.#text)?.[0].length ?? 0;
  }
}

/** How far behind a field that names a secret its value may stand. */
const NEAR = 300;

/** Where the quoted text ends: at its own kind of quote, else with the line. */
function closingOf(text: string, opening: string, begin: number): number {
  const isPlain = opening.length === 1;
  for (let at = text.indexOf(opening, begin); at !== -1; at = text.indexOf(opening, at + opening.length)) {
    // Doubled, it is one sign of the text: in YAML, SQL and CSV.
    if (isPlain && opening !== "`" && at > begin && text[at + 1] === opening) at++;
    else if (!isPlain || !isEscaped(text, at, begin)) return at;
  }
  const line = text.indexOf("\n", begin);
  return line === -1 ? text.length : line;
}

function isEscaped(text: string, at: number, begin: number): boolean {
  let backslashes = 0;
  while (at - backslashes > begin && text[at - backslashes - 1] === "\\") backslashes++;
  return backslashes % 2 === 1;
}

/** Behind the bracket that closes the one here, as texts in it may hold brackets too; else the text's end. */
function regionEnd(text: string, at: number): number {
  let depth = 0;
  let quote = "";
  for (let index = at; index < text.length; index++) {
    const character = text[index] ?? "";
    if (character === "\\") index++;
    else if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === '"') quote = character;
    else if (character === "{" || character === "[") depth++;
    else if ((character === "}" || character === "]") && --depth === 0) return index + 1;
  }
  return text.length;
}

/** A key at the end of its line: its value is the lines below that are further in. */
const KEY = /^([ \t]*(?:- )?)(["']?)([\p{L}_$][\w.$-]{0,119})\2[ \t]*:[ \t]*([|>][+-]?\d?[+-]?)?[ \t\r]*$/u;

const NAMED = /^[ \t]*(?:- )?["']?(?:name|key)["']?[ \t]*:[ \t]*["']?([\w.$-]{1,120})/;

const ENTRY = /^([ \t]*["']?[\w.$/-]{1,253}["']?[ \t]*:)(?:[ \t].*)?$/;

/** What is no single value: an item, a key of its own, or an opening bracket. */
const NESTED = /^[ \t]*(?:-[ \t]|[{[]|["']?[\w.$-]{1,120}["']?[ \t]*:(?:[ \t]|$))/;

/** An item that is one word. */
const ITEM = /^([ \t]*-[ \t]{1,8})["']?[^\s"':{[]+["']?[ \t\r]*$/;

const SECRET_OBJECT = /^[ \t]*(?:- )?["']?kind["']?[ \t]*:[ \t]*["']?Secret["']?[ \t\r]*,?$/m;

/** Only a Secret has `stringData`. */
const JSON_SECRET = /\\*"kind\\*"\s{0,8}:\s{0,8}\\*"Secret\\*"|\\*"stringData\\*"\s{0,8}:/;

const JSON_DATA = /(\\*"(?:data|stringData)\\*"\s{0,8}:\s{0,8}\{)([^{}]{0,100000})(\})/g;

const JSON_VALUE = /(:\s{0,8}\\*")(?:[^"\\]|\\(?!"))*/g;

const ELEMENT =
  /(<(?:[\w-]{1,40}:)?([A-Za-z][\w.-]{0,80})(?:[ \t][^<>\n]{0,400})?>\s{0,80})(<!\[CDATA\[[^\]]{1,4000}\]\]>|[^<>\s][^<>]{0,4000})(?=\s{0,80}<\/)/g;

/** Apple's property lists: a key's value is the element behind it. */
const PLIST = /(<key>([^<>\n]{1,120})<\/key>\s{0,80}<(?:string|data)>)([^<>]{1,4000})(?=<\/)/g;

/** A text that a shell or Terraform ends by a word of its own. */
const HEREDOC =
  /([\w.$-]{1,120})((?:[ \t]{0,4}[=:][ \t]{0,4}|[^\n\w]{1,12}cat[ \t]{1,4})<<[-~]?["']?(\w{1,40})["']?[ \t]*\r?\n)([\s\S]{0,2000}?)(?=\r?\n[ \t]{0,40}\3\b)/g;

/** A field of a form, as browsers send them in parts. */
const FORM_FIELD = /(\bname="([^"\n]{1,120})"[^\n]{0,400}\r?\n(?:[^\r\n]{1,400}\r?\n){0,4}\r?\n)([^\r\n]{1,4000})/g;

/** What PostgreSQL says of a row: columns in brackets, and their values in others. */
const ROW = /(\(([^()\n]{1,2000})\)(?:=|\s{0,8}VALUES\s{0,8}))\(((?:[^()'\n]|'(?:[^'\n]|''){0,2000}'){1,4000})\)/gi;

/** What a statement was given in its places has no names at all. */
const PARAMETERS = /(\bparameters: )\$1 = [^\n]{1,8000}/gi;

/** PuTTY's own file. */
const PRIVATE_LINES = /(Private-Lines: \d{1,4}\r?\n)(?:[A-Za-z0-9+/=]{1,64}(?:\r?\n|$))+/g;

/** A value that stands before the name which says that it is secret. */
const VALUE_FIRST =
  /(\bvalue\\*["']?[ \t]{0,8}:[ \t]{0,8})(\\*"[^"\n]{0,300}"|'[^'\n]{0,300}'|[^\s,"'{}[\]\\][^\s,{}[\]]{0,300})(?=\s{0,80},?\s{0,80}\\*["']?(?:name|key)\\*["']?[ \t]{0,8}:[ \t]{0,8}\\*["']?([\w.$/-]{1,120}))/gi;

/** What a client sends to Redis, as a trace of the wire shows it. */
const RESP =
  /((?:\b|(?<=\\n))AUTH(?:\\r\\n|\r?\n)(?:\$\d{1,5}(?:\\r\\n|\r?\n)\w{1,64}(?:\\r\\n|\r?\n)(?=\$))?\$\d{1,5}(?:\\r\\n|\r?\n))(?:(?!\\r\\n)\S){1,512}/g;

/** What a client of SMTP answers when it is asked for its password. */
const SMTP = /(\b334 UGFzc3dvcmQ6(?:\\r\\n|\r?\n)(?:[A-Z]:[ \t])?)[\w+/=]{4,512}/g;

/** Whether everyone may see the value of a name. */
function isOpen(name: string, value: string): boolean {
  if (isCode(name, value.trim())) return false;
  return secrecyOf(name) === "none" || isPublicValue(value);
}

/** Most texts have none, and the search for one tries every word. */
function withoutHeredocs(text: string, mark: string): string {
  if (!text.includes("<<")) return text;
  return text.replace(HEREDOC, (all, name: string, begin: string) =>
    secrecyOf(name) === "none" ? all : `${name}${begin}${mark}`,
  );
}

/** The text without the secrets whose name stands on another line or in a tag around them. */
export function withoutBlocks(text: string, mark: string): string {
  const inline = withoutHeredocs(text, mark)
    .replace(ELEMENT, (all, tag: string, name: string, value: string) => (isOpen(name, value) ? all : `${tag}${mark}`))
    .replace(PLIST, (all, before: string, name: string, value: string) =>
      isOpen(name, value) ? all : `${before}${mark}`,
    )
    .replace(FORM_FIELD, (all, before: string, name: string, value: string) =>
      isOpen(name, value) ? all : `${before}${mark}`,
    )
    .replace(ROW, (all, before: string, columns: string) =>
      columns.split(",").some((column) => isSecretName(column.trim())) ? `${before}(${mark})` : all,
    )
    .replace(VALUE_FIRST, (all, before: string, value: string, name: string) =>
      isOpen(name, value.replace(/^["']|["']$/g, "")) ? all : `${before}${mark}`,
    )
    .replace(PARAMETERS, `$1${mark}`)
    .replace(PRIVATE_LINES, `$1${mark}\n`)
    .replace(SMTP, `$1${mark}`)
    .replace(RESP, `$1${mark}`);
  const objects = JSON_SECRET.test(inline)
    ? inline.replace(
        JSON_DATA,
        (_, open: string, inside: string, close: string) => `${open}${inside.replace(JSON_VALUE, `$1${mark}`)}${close}`,
      )
    : inline;
  return objects.includes("\n") ? withoutLines(withoutColumns(objects, mark), mark) : objects;
}

/** What parts the cells of a table's rows: CSV in its dialects, and what psql and Markdown draw. */
const CELL_ENDS = [",", ";", "\t", "|"] as const;
type CellEnd = (typeof CELL_ENDS)[number];
const CELLS: Readonly<Record<CellEnd, RegExp>> = {
  ",": /,([ \t]*"(?:[^"]|"")*"[ \t]*|[^,]*)/g,
  ";": /;([ \t]*"(?:[^"]|"")*"[ \t]*|[^;]*)/g,
  "\t": /\t([^\t]*)/g,
  "|": /\|([^|]*)/g,
};
const COLUMN = /^[ \t]*["']?([\p{L}_][\p{L}\p{N}_ .$-]{0,59}?)["']?[ \t\r]*$/u;
/** PostgreSQL's dumps. */
const COPY = /^COPY [\w."]{1,200} \(([^()\n]{1,2000})\) FROM stdin;\s*$/i;
const LONGEST_ROW = 20_000;

interface Columns {
  readonly end: CellEnd;
  readonly names: readonly string[];
  readonly secrecies: readonly Secrecy[];
}

/** The columns that a line names, where one of them holds secrets. */
function columnsIn(line: string): Columns | undefined {
  if (line.length > LONGEST_ROW) return undefined;
  const copied = COPY.exec(line)?.[1]?.split(",");
  const headers = [
    ...(copied === undefined ? [] : [{ end: "\t" as const, cells: copied }]),
    ...CELL_ENDS.filter((end) => line.includes(end)).map((end) => ({ end, cells: cellsOf(line, end) })),
  ];
  for (const { end, cells } of headers) {
    const names = cells.map((cell) => COLUMN.exec(cell)?.[1] ?? cell.trim());
    const isHeader =
      names.filter((name) => name !== "").length > 1 && cells.every((cell) => COLUMN.test(cell) || cell.trim() === "");
    const secrecies = names.map((name) => (name === "" ? "none" : secrecyOf(name)));
    if (isHeader && names.some(isSecretName)) return { end, names, secrecies };
  }
  return undefined;
}

function cellsOf(line: string, end: CellEnd): string[] {
  return [...`${end}${line}`.matchAll(CELLS[end])].map(([, cell = ""]) => cell);
}

function isRow(line: string, { end, secrecies }: Columns): boolean {
  if (line.length > LONGEST_ROW) return false;
  return cellsOf(line, end).length === secrecies.length || /^[ \t]*[-+|: =]+[ \t\r]*$/.test(line);
}

/** The text without what stands in its tables below a column's secret name. */
function withoutColumns(text: string, mark: string): string {
  let columns: Columns | undefined;
  return text
    .split("\n")
    .map((line) => {
      if (columns !== undefined && isRow(line, columns)) return withoutCells(line, columns, mark);
      columns = columnsIn(line);
      return line;
    })
    .join("\n");
}

function withoutCells(line: string, { end, names, secrecies }: Columns, mark: string): string {
  const cells = cellsOf(line, end).map((cell, index) => {
    const value = cell.trim().replace(/^"(.*)"$/s, "$1");
    const secrecy = secrecies[index] ?? "none";
    if (isCode(names[index] ?? "", value)) return cell.replace(value, () => mark);
    if (secrecy === "none" || isPublicValue(value) || value.includes(mark) || /^:?-+:?$/.test(value)) return cell;
    const isSecret = secrecy === "password" ? !/\s/.test(value) || cell !== value : isOpaque(value);
    return isSecret ? cell.replace(value, () => mark) : cell;
  });
  return cells.join(end);
}

/** A line that ends with a tag, or the key of a property list, or that begins a field of a form: a name's value follows. */
const VALUE_FOLLOWS =
  /(?:<(?:[\w-]{1,40}:)?([A-Za-z][\w.-]{0,80})(?:[ \t][^<>\n]{0,400})?>|<key>([^<>\n]{1,120})<\/key>|\bname="([^"\n]{1,120})"[^\n]{0,400})[ \t\r]*$/;
/** And its first line, a blank one and a form's own header among them. */
const FOLLOWING_LINES = 4;

const HEREDOC_BEGINS =
  /([\w.$-]{1,120})(?:[ \t]{0,4}[=:][ \t]{0,4}|[^\n\w]{1,12}cat[ \t]{1,4})<<[-~]?["']?(\w{1,40})["']?[ \t\r]*$/;
const SECRET_OPENS = /["']([\w.$-]{1,120})["']\]?=>[ \t\r]*$/;

/** Lines that say something only together. */
export interface Block {
  /** Whether a line belongs to them; asked once for each, in order. */
  readonly isMore: (next: string) => boolean;
  /** Whether their first line says what all the others are. */
  readonly isHeaded: boolean;
}

/** The block that a line begins, whose values may be secret; undefined for any other line. */
export function blockAfter(line: string): Block | undefined {
  const isMore = valuesAfter(line);
  if (isMore !== undefined) return { isMore, isHeaded: true };
  const wrapped = wrappedAfter(line);
  return wrapped === undefined ? undefined : { isMore: wrapped, isHeaded: false };
}

const WRAPPED_BEGINS = /(?:^|[\s"'`:=>|])([\w+/-]{8,512})["'`]?[ \t]{0,4}[,+\\]?[ \t\r]*$/;
const WRAPPED_GOES_ON = /^[ \t>|]*["'`]?([\w+/-]{1,512}(={0,2}))["'`]?[ \t]{0,4}[,+\\]?[ \t\r]*$/;

/** Of a line that ends in what may be the begin of wrapped base64: whether a line continues with it. */
function wrappedAfter(line: string): Block["isMore"] | undefined {
  const first = WRAPPED_BEGINS.exec(line)?.[1];
  if (first === undefined) return undefined;
  const isAlone = line.trim().length - first.length <= 4;
  if (!isAlone && (first.length < 16 || !/[a-z]/.test(first) || !/[A-Z]/.test(first))) return undefined;
  let isOver = false;
  return (next) => {
    const found = WRAPPED_GOES_ON.exec(next);
    const [length, padding] = [found?.[1]?.length ?? 0, found?.[2] ?? ""];
    if (isOver || length === 0 || length > first.length) return false;
    isOver = length < first.length || padding !== "";
    return true;
  };
}

function valuesAfter(line: string): Block["isMore"] | undefined {
  const key = KEY.exec(line);
  if (key !== null && isSecretName(key[3])) {
    const indent = key[1]?.length ?? 0;
    return (next) => isInBlock(next, indent);
  }
  const heredoc = HEREDOC_BEGINS.exec(line);
  if (heredoc !== null && isSecretName(heredoc[1])) {
    let isOver = false;
    return (next) => {
      const isIn = !isOver;
      isOver ||= next.trim() === heredoc[2];
      return isIn;
    };
  }
  const columns = columnsIn(line);
  if (columns !== undefined) return (next) => isRow(next, columns);
  const opened = SECRET_OPENS.exec(line) ?? VALUE_FOLLOWS.exec(line);
  if (opened === null || !opened.slice(1).some(isSecretName)) return undefined;
  let left = FOLLOWING_LINES;
  return () => left-- > 0;
}

function isSecretName(name: string | undefined): boolean {
  return name !== undefined && (secrecyOf(name) !== "none" || isCodeName(name));
}

/** Whether a line belongs to a block that is so far in. */
function isInBlock(line: string, indent: number): boolean {
  return line.trim() === "" || indentOf(line) > indent;
}

const indentOf = (line: string) => line.length - line.trimStart().length;

function withoutLines(text: string, mark: string): string {
  const lines = text.split("\n");
  const isSecretObject = SECRET_OBJECT.test(text);
  const out: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    out.push(line);
    const found = KEY.exec(line);
    if (found === null) continue;
    const [, before = "", , name = "", style] = found;
    const end = blockEnd(lines, at + 1, before.length);
    const block = lines.slice(at + 1, end);
    const hidden =
      name === "stringData" || (isSecretObject && name === "data")
        ? entriesHidden(block, mark)
        : valueHidden(block, secrecyAt(name, lines[at - 1] ?? ""), style !== undefined, mark);
    if (hidden === undefined) continue;
    if (style !== undefined) out[out.length - 1] = line.replace(/[|>][+\d-]{0,2}[ \t\r]*$/, mark);
    out.push(...hidden);
    at = end - 1;
  }
  return out.join("\n");
}

function blockEnd(lines: readonly string[], from: number, indent: number): number {
  let end = from;
  while (end < lines.length && isInBlock(lines[end] ?? "", indent)) end++;
  while (end > from && (lines[end - 1] ?? "").trim() === "") end--;
  return end;
}

/** A variable's value is as secret as the name that stands above it says. */
function secrecyAt(name: string, before: string): Secrecy {
  if (!/^value$/i.test(name)) return secrecyOf(name);
  return secrecyOf(NAMED.exec(before)?.[1] ?? "") === "none" ? "none" : "password";
}

function valueHidden(block: readonly string[], secrecy: Secrecy, isScalar: boolean, mark: string) {
  const [first = "", ...more] = block;
  if (secrecy === "none" || first.trim() === "" || first.includes(mark)) return undefined;
  const hidden = `${" ".repeat(indentOf(first))}${mark}`;
  if (isScalar) return [];
  if (secrecy === "password" && block.every((line) => ITEM.test(line)))
    return block.map((line) => line.replace(ITEM, (_, dash: string) => `${dash}${mark}`));
  if (more.length > 0 || NESTED.test(first)) return undefined;
  const value = first.trim().replace(/^["']|["']?,?$/g, "");
  if (isPublicValue(value) || (secrecy === "password" ? /\s/.test(value) : !isOpaque(value))) return undefined;
  return [hidden];
}

/** Every value of a Secret's data, whatever its name. */
function entriesHidden(block: readonly string[], mark: string): string[] {
  const top = Math.min(...block.filter((line) => line.trim() !== "").map(indentOf));
  return block.flatMap((line) => {
    if (indentOf(line) > top) return [];
    const key = ENTRY.exec(line)?.[1];
    return key === undefined || line.includes(mark) ? [line] : [`${key} ${mark}`];
  });
}
