/** Keys of the `sparki:` namespace that hold a secret. */
export const SECRET_KEYS: ReadonlySet<string> = new Set(["slackWebhook", "slackToken"]);

/** What secrets of the services that people use look like, anywhere in a text. */
const SECRET_FORMS = [
  /\bxox[a-z]-[\w-]{8,}|\bxapp-[\w-]{8,}/,
  /hooks\.slack(?:-gov)?\.com\/(?:services|workflows|triggers)\/\S{8,}/,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/,
  /\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}/,
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/,
  /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/,
  /\bpul-[0-9a-f]{32,}|\bsk_(?:live|test)_[A-Za-z0-9]{16,}|\bnpm_[A-Za-z0-9]{30,}|\bAIza[\w-]{30,}/,
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s/?#@:]*:[^\s/?#@]+@/i,
];

/** Whether a text holds what looks like a secret. */
export function looksSecret(text: string): boolean {
  return SECRET_FORMS.some((form) => form.test(text));
}

const SECRET_NAME = /token|secret|passw(?:or)?d|passphrase|webhook|api_?key|private_?key|access_?key|credential/i;

/** What a rehearsal puts in the place of a secret that only the cloud can decrypt, and its own Slack; neither opens anything. */
const MADE_UP = /^rehearsed-[\w-]+$|^http:\/\/127\.\d+\.\d+\.\d+:\d+\/slack$/;

/** An address that only this machine reaches, as a rehearsal's own Slack. */
const LOOPBACK = /^https?:\/\/127(?:\.\d{1,3}){3}(?::\d+)?(?:\/[\w./-]*)?$/;

/** Whether a plain text below a key (`sparki:slackToken`, `aws:secretKey`) must be encrypted. */
export function mustBeSecret(key: string, value: string): boolean {
  if (value === "" || MADE_UP.test(value) || LOOPBACK.test(value)) return false;
  const name = key.slice(key.indexOf(":") + 1);
  return SECRET_KEYS.has(name) || SECRET_NAME.test(name) || looksSecret(value);
}
