/** A run of base64 in either alphabet, over lines where it is wrapped as MIME and PEM wrap it. */
const BASE64 =
  /(?<![\w+/-])[A-Za-z0-9+/_-]{16,}(?:(?<=[A-Za-z0-9+/_-]{60})\r?\n[ \t]{0,20}[A-Za-z0-9+/_-]{4,76})*={0,2}/g;
const HEX = /(?<![A-Za-z0-9])(?:[0-9a-fA-F]{2}){16,}(?![A-Za-z0-9])/g;
/** `user:password`, as Docker, npm and HTTP keep it. */
const PAIR = /^(?!(?:arn|urn|sha\d+|[a-z]+:\/\/))[\w.@+-]{1,64}:[\x21-\x7e]{3,}$/i;
const UNREADABLE = /[^\P{C}\t\r\n]|\ufffd/u;

/**
 * The text without what is base64 or hex of a secret: of a pair of user and password, and of any text in which
 * `isSecret` finds one. What decodes to no text, such as a digest, stays.
 */
export function withoutEncoded(text: string, mark: string, isSecret: (decoded: string) => boolean): string {
  const hides = (decoded: string) => !UNREADABLE.test(decoded) && (PAIR.test(decoded) || isSecret(decoded));
  const replacer = (encoding: "base64" | "hex") => (run: string) =>
    hides(Buffer.from(run, encoding).toString("utf8")) ? mark : run;
  return text.replace(BASE64, replacer("base64")).replace(HEX, replacer("hex"));
}
