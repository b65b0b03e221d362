import { describeRehearsal } from "../support/rehearsals.ts";

jest.setTimeout(3_600_000);

describeRehearsal("upgrade", 0, "promoted");
describeRehearsal("bad-image", 1, "rolled-back");
