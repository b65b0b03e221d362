import type { Statement } from "./iam-document.ts";

const GITHUB = "token.actions.githubusercontent.com";
/** One repository, and one branch or environment of it. */
const PINNED = /^repo:[^*/]+\/[^*:]+:(ref:refs\/heads\/|environment:)[^*]+$/;

/** Whether a statement that trusts GitHub's tokens trusts only those of one repository and branch, made for AWS. */
export function isPinned({ principals, conditions }: Statement): boolean {
  const federated = (principals.Federated ?? []).some((provider) => provider.includes(GITHUB));
  if (!federated) return true;
  const equals = conditions.StringEquals ?? {};
  const subjects = equals[`${GITHUB}:sub`] ?? [];
  const audiences = equals[`${GITHUB}:aud`] ?? [];
  return subjects.length > 0 && subjects.every((one) => PINNED.test(one)) && audiences.includes("sts.amazonaws.com");
}
