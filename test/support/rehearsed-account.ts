import type { z } from "zod";
import type { AwsLookups } from "../../io/aws-lookups.ts";
import { saysAbsent } from "../../io/aws-lookups.ts";
import { type AccountProfile, USED_ACCOUNT } from "../../rehearsal/aws/world.ts";
import { messageOf } from "../../shared/deploy-error.ts";
import { Account } from "../rehearsal/aws/account.ts";

/** The look-ups of a command, answered by a simulated account without an engine between them. */
export class RehearsedAccount implements AwsLookups {
  readonly account = new Account();

  /** An account that differs in this from one that runs other things already. */
  constructor(profile: Partial<AccountProfile> = {}) {
    this.account.world.profile = { ...USED_ACCOUNT, ...profile };
  }

  async find<T>(name: string, args: object, schema: z.ZodType<T>): Promise<T | undefined> {
    const token = `aws:${name}:${name.slice(name.indexOf("/") + 1)}`;
    try {
      const asked = JSON.parse(JSON.stringify(args));
      return schema.parse(this.account.provider.invoke({ token, args: asked, session: this.account.session }));
    } catch (error) {
      if (saysAbsent(messageOf(error))) return undefined;
      throw error;
    }
  }

  close(): Promise<void> {
    return this.account.close();
  }
}
