import { isOpaque, isPublicValue, type Secrecy, secrecyOf } from "./secret-names.ts";

const NAME = /[\p{L}_$][\p{L}\p{N}_.$-]*/gu;
const QUOTE = String.raw`(?:\\*["'${"`"}]|\\*u0022|&quot;|&#0?3[49];|%22)`;
/** Between a name and its value: the name's closing quote, a bracket, and a sign in plain or in escaped form. */
const SEPARATOR = new RegExp(
  String.raw`(${QUOTE}?\]?[ \t]{0,20}(?:=>|:=|={1,2}|:(?!:)|%3[DdAa]|\\u003[daDA]|&#(?:61|58);))[ \t]{0,20}`,
  "y",
);
/** An option's value is its next word, also in a list of quoted words. */
const OPTION_GAP = new RegExp(String.raw`${QUOTE},?[ \t]{0,20}(?=${QUOTE})|[ \t]{1,20}(?=[^\s-])`, "y");
const QUOTED_AFTER = /[ \t]{1,4}(?=["'`])/y;
const SAID_AFTER = /[ \t]{1,4}(?:(?:is|was|to|of|as)[:=]?[ \t]{1,4})?(?=[^\s"'`])/y;
const OPENING = new RegExp(QUOTE, "y");
/** A bare value goes on over what parts fields where no further field follows. */
const BARE = /(?:[^\s"'`<>&;,}\])]|[&;,](?![\w.-]{0,64}[=:]|\s|$)|[}\])](?![\s,;}\])"'`&]|$))+/y;
const SCHEME_WORD = /(?:Bearer|Basic|Token|ApiKey|Api-Key|Negotiate|NTLM|GoogleLogin|SSWS|JWT)[ \t]{1,4}/iy;
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
  /(\b(?:mysql|mysqldump|mysqladmin|sshpass|redis-cli)\b[^\n|;]{0,200}?[ \t]-(?:p|a|u[ \t]{0,2}[\w.-]{1,40}:)[ \t]{0,1})(?=[^\s-])[^\s"']{1,200}/g;
const LOGIN =
  /(\b(?:docker|podman|nerdctl|buildah|skopeo|oras|crane|cosign|helm|az)\b[^\n|;]{0,80}?[ \t]login\b[^\n|;]{0,200}?[ \t]-p[ \t=]{0,2}["']?)(?=[^\s-])[^\s"']{1,200}/g;
const CURL_USER =
  /(\bcurl\b[^\n|;]{0,400}?[ \t](?:-u|--user|--proxy-user)[ =]{0,2}["']?[^\s:"']{1,64}:)[^\s"']{1,200}/g;

const ARN = /arn:aws[\w-]{0,12}:[^\s"'`<>,;)}\]]*/y;
const TYPE_NAME = /:[A-Z]\w*/y;
/** A place that something else fills in. */
const REFERENCE = /\$\{[^{}\n]{0,200}\}|\$\([^()\n]{0,200}\)|\{\{[^{}\n]{0,200}\}\}|%\(\w{1,80}\)s/y;

/** Words that follow a name and a colon in a message about a secret rather than in front of one. */
const PROSE =
  /^(?:permission|invalid|unexpected|not|no|missing|cannot|could|couldn't|can't|failed|failure|error|expected|must|should|required|requires|expired|expires|denied|access|unauthorized|forbidden|the|a|an|is|are|was|were|has|have|had|in|on|at|by|of|for|from|with|and|or|unable|unknown|context|connection|dial|timeout|deadline|rpc|eof|authentication|wrong|incorrect|bad|too|illegal|found|empty|rejected|malformed|mismatch|already|does|do|will|would|please|set|see|use|run|valid|ok|pass|fail|skipped|warn|created|updated|deleted|unchanged|same|update|create|delete|replace|rotated|stale|unset|none|null|true|false|nil|undefined|yes|no)\b[.,;:!]?/i;

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
    .replace(SQL, `$1'${mark}'`)
    .replace(SQL_ESCAPED, `$1'${mark}'`)
    .replace(DIGEST, `$1${mark}`)
    .replace(PGPASS, (all, before: string) => (/^[\da-f:.]+$/i.test(all) ? all : `${before}${mark}`))
    .replace(CLIENT_PASSWORD, `$1${mark}`)
    .replace(LOGIN, `$1${mark}`)
    .replace(CURL_USER, `$1${mark}`)
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

/** Goes over the text once, name by name; what it has judged it does not visit again. */
class Scanner {
  readonly #text: string;
  readonly #mark: string;
  #out = "";
  #copied = 0;
  /** A field said that the next value is secret: `"name": "DB_PASSWORD", "value": "x"`. */
  #armedUntil = 0;
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

  /** Resolves where to go on. */
  #visit(name: string, start: number, end: number): number {
    if (this.#text.startsWith(this.#mark, start - 1)) return end;
    if (name === "arn") return start + Math.max(this.#match(ARN, start), name.length);
    // `aws:secretsmanager/secret:Secret` is a type's name.
    if (this.#text[start - 1] === "/" && this.#match(TYPE_NAME, end) > 0) return end;
    const secrecy = this.#secrecyOf(name, start);
    const valueAt = this.#valueAt(secrecy, name, start, end);
    if (secrecy === "none") {
      if (valueAt !== undefined && /^(?:name|key|field|header|variable)$/i.test(name)) this.#arm(valueAt);
      if (!(valueAt !== undefined && end < this.#armedUntil && /^(?:value|val|stringvalue|data)$/i.test(name)))
        return end;
      this.#armedUntil = 0;
      return this.#hide(valueAt, "password", name, false);
    }
    if (valueAt === undefined) return end;
    const isLoose = this.#text.slice(end, valueAt).includes(":") && /\s$/.test(this.#text.slice(end, valueAt));
    return this.#hide(valueAt, secrecy, name, isLoose);
  }

  #secrecyOf(name: string, start: number): Secrecy {
    const own = secrecyOf(name);
    if (own !== "none") return own;
    const end = start + name.length;
    const before = this.#before;
    if (/^(?:keys?|code|string)$/i.test(name) && before.end === start - 1 && this.#text[before.end] === " ")
      return secrecyOf(`${before.word}${name}`);
    // In an address's query the short names are credentials.
    if (
      /[?&]/.test(this.#text[start - 1] ?? "") &&
      /^(?:key|sig|signature|code|auth|apikey|x-amz-signature|x-goog-signature)$/i.test(name)
    ) {
      const value = this.#bare(end + 1);
      if (this.#text[end] === "=" && (isOpaque(value) || value.length >= 24)) return "password";
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
    if (secrecy === "none") return undefined;
    const isOption =
      text[start - 1] === "-" && /(?:^|[\s"'`=[(,])-{1,2}$/.test(text.slice(Math.max(0, start - 3), start));
    if (isOption && name !== "secret") {
      const gap = this.#match(OPTION_GAP, end);
      if (gap > 0) return end + gap;
    }
    if (secrecy === "password" && !isOption) {
      const gap = this.#match(QUOTED_AFTER, end);
      if (gap > 0) return end + gap;
    }
    const said = this.#match(SAID_AFTER, end);
    if (said === 0) return undefined;
    const word = this.#bare(end + said);
    const isOne =
      secrecy === "password"
        ? word.length >= 4 && /\d/.test(word) && /[a-z]/i.test(word) && !/^sha\d|^\d+[a-z]{1,2}$/.test(word)
        : isOpaque(word);
    return isOne ? end + said : undefined;
  }

  #arm(valueAt: number): void {
    OPENING.lastIndex = valueAt;
    const opening = OPENING.exec(this.#text)?.[0].length ?? 0;
    const value = /^[\w.-]{1,120}/.exec(this.#text.slice(valueAt + opening, valueAt + opening + 130))?.[0] ?? "";
    this.#armedUntil = secrecyOf(value) === "none" ? 0 : valueAt + value.length + NEAR;
  }

  /** Replaces the value that begins here and tells where to go on. */
  #hide(at: number, secrecy: Secrecy, name: string, isLoose: boolean): number {
    const text = this.#text;
    OPENING.lastIndex = at;
    const opening = OPENING.exec(text)?.[0];
    if (opening !== undefined) {
      const begin = at + opening.length;
      const end = closingOf(text, opening, begin);
      return isPublicValue(text.slice(begin, end)) ? end : this.#replace(begin, end);
    }
    if (text.startsWith(this.#mark, at)) return at + this.#mark.length;
    const reference = this.#match(REFERENCE, at);
    if (reference > 0) return at + reference;
    const isHeader = /authori[sz]ation$/i.test(name);
    if (/cookie\d?$/i.test(name)) return this.#replace(at, at + this.#match(TO_LINE_END, at));
    if (isHeader) {
      const scheme = this.#match(SCHEME_WORD, at);
      if (scheme > 0) return this.#replaceBare(at + scheme);
      if (/^(?:Digest|AWS4|Signature|OAuth|Hawk)/i.test(text.slice(at, at + 10)))
        return this.#replace(at, at + this.#match(TO_LINE_END, at));
    }
    if ((text[at] === "{" && text[at + 1] !== "{") || text[at] === "[") return this.#hideRegion(at, secrecy, name);
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
    if (!isPlain || !isEscaped(text, at, begin)) return at;
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
