const BEGIN = /-----BEGIN ([A-Z0-9 ]{1,60})-----|---- BEGIN (SSH2 [A-Z ]{1,40}) ----/g;
const NEXT = /----[- ](?:BEGIN|END) /g;
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
export function withoutPem(text: string, mark: string, others: (text: string) => string): string {
  let out = "";
  let from = 0;
  const handled = (part: string) => others(part.replace(LOST_BEGIN, mark));
  const last = Math.max(text.lastIndexOf("-- END "), text.lastIndexOf("--END "));
  BEGIN.lastIndex = 0;
  for (let found = BEGIN.exec(text); found !== null; found = BEGIN.exec(text)) {
    const body = found.index + found[0].length;
    const end = endOf(text, body, last);
    const isPublic = PUBLIC.test(found[1] ?? found[2] ?? "");
    out += handled(text.slice(from, found.index)) + (isPublic ? text.slice(found.index, end) : mark);
    from = end;
    BEGIN.lastIndex = end;
  }
  return out + handled(text.slice(from));
}

/** Whether a block of a private key begins in this line and does not end in it. */
export function opensPrivateKey(line: string): boolean {
  const begin = line.lastIndexOf("-----BEGIN ");
  return (
    begin !== -1 && /^[A-Z0-9 ]*PRIVATE KEY/.test(line.slice(begin + 11, begin + 80)) && !closesKey(line.slice(begin))
  );
}

export function closesKey(line: string): boolean {
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
