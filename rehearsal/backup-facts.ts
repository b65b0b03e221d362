import { TYPES } from "./aws/types.ts";
import { at, number, text } from "./aws/values.ts";
import type { WorldResource } from "./aws/world.ts";
import type { BackupFacts } from "./copies.ts";

/** The types of what is backed up, and the setting that says for how many days its backups are kept. */
const RETENTION: Readonly<Record<string, string>> = {
  [TYPES.database]: "backupRetentionPeriod",
  [TYPES.replicationGroup]: "snapshotRetentionLimit",
};

/** What the account says of the backups of a server of a type: whether any are kept, and whether their key can be used. */
export function backupFacts(resources: () => readonly WorldResource[], type: string): BackupFacts {
  const inputsOf = (server: string) =>
    resources().find((each) => each.type === type && (each.name === server || each.id === server))?.inputs ?? {};
  return {
    isBackedUp: (server) => (number(inputsOf(server), RETENTION[type] ?? "") ?? 0) > 0,
    keyProblem: (server) => {
      const arn = text(inputsOf(server), "kmsKeyId");
      if (arn === undefined) return undefined;
      const key = resources().find((each) => each.type === TYPES.kmsKey && each.arn === arn);
      if (key === undefined) return `key ${arn} does not exist`;
      return at(key.inputs, "isEnabled")[0] === false ? `key ${arn} is disabled` : undefined;
    },
  };
}
