/** Parts of a name that say that its value is a secret, in any spelling: `DB_PASSWORD`, `clientSecret`, `x-api-key`. */
const SECRET_PART =
  /passw(?:or)?d|passwort|kennwort|contraseñ|senha|passphrase|passcode|secret|apikey|accesskey|privatekey|signingkey|encryptionkey|masterkey|accountkey|servicekey|sharedkey|authkey|licensekey|sshkey|credential|token|jwt|bearer|authoriz?ation|cookie|connectionpass|requirepass|masterauth|sessionid|sessid|samlresponse|assertion/;
const SECRET_END = /(?:pwd|pswd|creds?|otp|hmackey|sessionkey|mfacode|webhook|webhookurl)$/;
/** `DB_PASS` is a password; `pass` alone is also a verdict. */
const SECRET_LAST_WORD = /[a-z0-9](?:[_.-]pass|Pass)$|_PASS$|[_.-]auth$/;
/** A name of, an address of, or a number about a secret is none. */
const ABOUT_SECRET =
  /(?:arn|names?|refs?|references?|count|length|size|url|uri|endpoint|host|path|files?|folder|type|kind|policy|policies|expir(?:y|es?|ation|esat|esin)|ttl|(?:expires|created|updated|issued|rotated)(?:at|on)|version|enabled|required|rotation|rotator|provider(?:class)?|class|store|storage|lifetime|since|until|age|days|seconds|minutes|limit|manager|issuer|id|ids|index|field|column|mount|volume|reader|budget|bucket|status|state|used|usage|check|checker|izer|ized|keyring|provisioner)$/;
/** Whose value is a password, whatever it looks like. */
const PASSWORD =
  /passw(?:or)?d|passwort|kennwort|contraseñ|senha|passphrase|passcode|pwd$|pswd$|requirepass|masterauth/;
/** Ids that let in whoever has them. */
const SECRET_ID = /sessionid$|^secret_id$|sessid$/i;

/** What a name says of its value: `password` for one that is a secret whatever it looks like. */
export type Secrecy = "password" | "secret" | "none";

/** Judges a key, a variable, a header or an option by its name, in linear time. */
export function secrecyOf(name: string): Secrecy {
  // Letters of another width are the same letters.
  const end = name.slice(-LONGEST_NAME).normalize("NFKC");
  const joined = end.replace(/[^\p{L}\p{N}]/gu, "").toLowerCase();
  if (ABOUT_SECRET.test(joined) && !SECRET_ID.test(end)) return "none";
  if (PASSWORD.test(joined)) return "password";
  if (SECRET_LAST_WORD.test(end)) return /auth$/.test(end) ? "secret" : "password";
  return SECRET_PART.test(joined) || SECRET_END.test(joined) ? "secret" : "none";
}

/** A name's end says what it is. */
const LONGEST_NAME = 120;

const PUBLIC_VALUE =
  /^(?:|true|false|null|nil|none|undefined|yes|no|on|off|unset|\[secret\]|<[\w .-]+>|\*+|x{3,}|\.{3}|…|\$\{[^{}]*\}|\$\([^()]*\)|\$[A-Za-z_]\w*|\{\{.*\}\}|%\(\w+\)s|%s|arn:aws[\w-]*:.*|sha(?:256|384|512)[:-][\w+/=]+)$/i;

/** Whether a secret's place holds something that everybody may see: nothing, a placeholder, a reference or a digest. */
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
