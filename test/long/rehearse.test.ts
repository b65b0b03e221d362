import { describeRehearsal } from "../support/rehearsals.ts";

jest.setTimeout(3_600_000);

describeRehearsal("e2e-fails", 1, "failed");
describeRehearsal("errors-once-live", 1, "rolled-back");
